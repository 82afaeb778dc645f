//! The table as a picture: a group of bars for each row, as long as the values are beside each other.
//!
//! The font is part of the drawing library, so that nothing has to be installed.

use super::table::{OURS, Row};
use super::text::met_text;
use bench_common::Result;
use bench_common::stats::short;
use embedded_graphics::Drawable;
use embedded_graphics::mono_font::MonoTextStyle;
use embedded_graphics::mono_font::ascii::{FONT_8X13, FONT_8X13_BOLD};
use embedded_graphics::pixelcolor::Rgb888;
use embedded_graphics::prelude::{
    Dimensions, DrawTarget, OriginDimensions, Pixel, Point, Primitive, RgbColor, Size, WebColors,
};
use embedded_graphics::primitives::{PrimitiveStyle, Rectangle};
use embedded_graphics::text::Text;
use std::convert::Infallible;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

/// Sizes in pixels.
const WIDTH: u32 = 900;
const MARGIN: i32 = 12;
const LINE: i32 = 16;
const LABEL: i32 = 190;
const BAR_MAX: u32 = 560;
const BAR: u32 = 11;
/// Colours of the columns; others get the last.
const COLOURS: [(&str, Rgb888); 7] = [
    ("raw", Rgb888::CSS_DARK_GRAY),
    (OURS, Rgb888::CSS_SEA_GREEN),
    ("gns", Rgb888::CSS_INDIAN_RED),
    ("quinn", Rgb888::CSS_STEEL_BLUE),
    ("renet", Rgb888::CSS_DARK_ORANGE),
    ("enet", Rgb888::CSS_MEDIUM_PURPLE),
    ("", Rgb888::CSS_DARK_KHAKI),
];

/// A picture in memory.
struct Canvas {
    size: Size,
    bytes: Vec<u8>,
}

impl Canvas {
    fn new(width: u32, height: u32) -> Self {
        Self { size: Size::new(width, height), bytes: vec![0xff; width as usize * height as usize * 3] }
    }

    fn text(&mut self, at: Point, text: &str, bold: bool) {
        let font = if bold { &FONT_8X13_BOLD } else { &FONT_8X13 };
        let Ok(_) = Text::new(text, at, MonoTextStyle::new(font, Rgb888::BLACK)).draw(self);
    }

    fn bar(&mut self, at: Point, length: u32, colour: Rgb888) {
        let bar = Rectangle::new(at, Size::new(length, BAR));
        let Ok(()) = bar.into_styled(PrimitiveStyle::with_fill(colour)).draw(self);
    }

    fn save(&self, path: &Path) -> Result<()> {
        let file = File::create(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let mut png = png::Encoder::new(BufWriter::new(file), self.size.width, self.size.height);
        png.set_color(png::ColorType::Rgb);
        png.set_depth(png::BitDepth::Eight);
        let mut writer = png.write_header()?;
        writer.write_image_data(&self.bytes)?;
        Ok(writer.finish()?)
    }
}

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        self.size
    }
}

impl DrawTarget for Canvas {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(
        &mut self,
        pixels: I,
    ) -> std::result::Result<(), Infallible> {
        let inside = self.bounding_box();
        for Pixel(at, colour) in pixels.into_iter().filter(|Pixel(at, _)| inside.contains(*at)) {
            let from = (at.y as usize * self.size.width as usize + at.x as usize) * 3;
            let place = self.bytes.get_mut(from..from + 3).unwrap_or_default();
            place.copy_from_slice(&[colour.r(), colour.g(), colour.b()]);
        }
        Ok(())
    }
}

/// Draws the rows into a PNG file.
pub(super) fn draw(rows: &[Row], path: &Path) -> Result<()> {
    paint(rows).save(path)
}

fn paint(rows: &[Row]) -> Canvas {
    let lines: i32 = rows.iter().map(|row| row.cells.keys().count() as i32 + 2).sum();
    let mut canvas = Canvas::new(WIDTH, (lines * LINE + 2 * MARGIN).max(1).cast_unsigned());
    let mut y = MARGIN + LINE;
    for row in rows {
        let verdict = if row.target.is_empty() { "" } else { met_text(row.met()) };
        let better = if row.better == super::table::Better::Higher { "more" } else { "less" };
        let title = format!("{} ({}, {better} is better)  {verdict}", row.name, row.unit);
        canvas.text(Point::new(MARGIN, y), &title, true);
        y += LINE;
        let most = row.cells.keys().filter_map(|(_, key)| row.cells.median(key)).fold(0.0, f64::max);
        for (column, key) in row.cells.keys() {
            let Some(value) = row.cells.median(key) else { continue };
            let share = if most > 0.0 { (value / most).clamp(0.0, 1.0) } else { 0.0 };
            let length = (share * f64::from(BAR_MAX)).round() as u32;
            canvas.text(Point::new(2 * MARGIN, y), key, column == OURS);
            canvas.bar(Point::new(LABEL, y - 10), length.max(1), colour(column));
            canvas.text(Point::new(LABEL + length.cast_signed() + 6, y), &short(value), column == OURS);
            y += LINE;
        }
        y += LINE;
    }
    canvas
}

fn colour(column: &str) -> Rgb888 {
    let found = COLOURS.iter().find(|(name, _)| *name == column).or_else(|| COLOURS.last());
    found.map_or(Rgb888::BLACK, |(_, colour)| *colour)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::goal::Goal;
    use crate::driver::table::{Better, Cells};

    #[test]
    fn bars_are_as_long_as_their_values() {
        let mut cells = Cells::default();
        cells.add(OURS, OURS, 100.0, 0.0);
        cells.add("gns", "gns", 25.0, 0.0);
        let row = Row {
            key: "k".into(),
            name: "name".into(),
            unit: "MB/s",
            better: Better::Higher,
            cells,
            goal: Goal::default(),
            target: vec![],
            stretch: vec![],
        };
        let canvas = paint(&[row]);
        let pixels = |column| {
            let c = colour(column);
            canvas.bytes.chunks(3).filter(|p| *p == [c.r(), c.g(), c.b()]).count() as u32
        };
        assert_eq!(pixels(OURS), BAR_MAX * BAR);
        assert_eq!(pixels("gns"), BAR_MAX / 4 * BAR);
        let path = std::env::temp_dir().join(format!("peers-chart-{}.png", std::process::id()));
        canvas.save(&path).unwrap();
        let written = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(written.starts_with(b"\x89PNG"));
    }
}
