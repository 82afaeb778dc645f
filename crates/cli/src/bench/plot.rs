//! Pictures of what was measured, as PNG files: bars side by side, and lines over x.
//!
//! Fonts are bitmaps inside the program, so that a machine without any font draws the same.

use crate::exit::{Code, Failure};
use crate::text::digits;
use embedded_graphics::draw_target::DrawTarget;
use embedded_graphics::geometry::{OriginDimensions, Point, Size};
use embedded_graphics::mono_font::iso_8859_1::{FONT_9X15, FONT_9X15_BOLD, FONT_10X20};
use embedded_graphics::mono_font::{MonoFont, MonoTextStyle};
use embedded_graphics::pixelcolor::{Rgb888, RgbColor as _};
use embedded_graphics::primitives::{Line, Polyline, Primitive as _, PrimitiveStyle, Rectangle};
use embedded_graphics::text::{Alignment, Baseline, Text, TextStyleBuilder};
use embedded_graphics::{Drawable as _, Pixel};
use std::convert::Infallible;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

/// Pixels of every picture from left to right.
const WIDTH: u32 = 1200;
/// Pixels of a picture with lines from top to bottom.
const LINES_HEIGHT: u32 = 700;
/// Pixels of one bar.
const BAR_HEIGHT: i32 = 18;
/// Pixels between two groups of bars.
const GROUP_GAP: i32 = 14;
/// Pixels above the drawing: title and legend.
const HEAD: i32 = 90;
/// Pixels left of the bars, for their labels.
const LABEL_WIDTH: i32 = 300;
/// Pixels right of the longest bar, for its caption.
const CAPTION_WIDTH: i32 = 240;
/// Groups of bars in one picture; what comes after is left out.
const GROUPS_MAX: usize = 100;
/// Marks on one axis at most.
const TICKS_MAX: usize = 40;
/// About how many marks an axis gets.
const TICKS_WANTED: f64 = 8.0;
/// Colours by turns, far apart also for people who see fewer of them.
const COLOURS: [Rgb888; 6] = [
    Rgb888::new(0x00, 0x72, 0xb2),
    Rgb888::new(0xd5, 0x5e, 0x00),
    Rgb888::new(0x00, 0x9e, 0x73),
    Rgb888::new(0xcc, 0x79, 0xa7),
    Rgb888::new(0xe6, 0x9f, 0x00),
    Rgb888::new(0x56, 0xb4, 0xe9),
];
const GREY: Rgb888 = Rgb888::new(0xdd, 0xdd, 0xdd);
const INK: Rgb888 = Rgb888::BLACK;

/// One bar: its length is `value`; `text` stands behind it. A value that is no number is drawn as text alone.
#[derive(Clone, Debug)]
pub(crate) struct Bar {
    pub(crate) value: f64,
    pub(crate) text: String,
}

/// Bars that belong together, one for each name of [`Bars`]. Lengths compare inside a group only.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) label: String,
    pub(crate) bars: Vec<Bar>,
}

/// Groups of horizontal bars.
#[derive(Clone, Debug)]
pub(crate) struct Bars {
    pub(crate) title: String,
    /// What the bars of each group stand for, in their order.
    pub(crate) names: Vec<String>,
    pub(crate) groups: Vec<Group>,
}

/// What an axis shows. On a logarithmic one only values above zero are drawn.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    pub(crate) label: String,
    pub(crate) log: bool,
}

/// One line through its points, in their order; points that are no numbers are left out.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

/// Lines over x.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    pub(crate) title: String,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) series: Vec<Series>,
}

impl Bars {
    /// Writes the picture.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn save(&self, path: &Path) -> Result<(), Failure> {
        let groups = self.groups.get(..GROUPS_MAX).unwrap_or(&self.groups);
        let tall: i32 = groups.iter().map(|g| g.bars.len() as i32 * BAR_HEIGHT + GROUP_GAP).sum();
        let mut canvas = Canvas::new(WIDTH, (HEAD + tall).unsigned_abs());
        canvas.head(&self.title, &self.names);
        let room = f64::from(WIDTH as i32 - LABEL_WIDTH - CAPTION_WIDTH);
        let mut y = HEAD;
        for group in groups {
            let most = group.bars.iter().map(|b| b.value).filter(|v| v.is_finite()).fold(0.0, f64::max);
            let middle = y + group.bars.len() as i32 * BAR_HEIGHT / 2;
            canvas.text(&group.label, Point::new(LABEL_WIDTH - 12, middle), &FONT_9X15, Alignment::Right);
            for (bar, colour) in group.bars.iter().zip(COLOURS.iter().cycle()) {
                let share = if most > 0.0 { (bar.value / most).clamp(0.0, 1.0) } else { 0.0 };
                // NaN becomes zero.
                let long = (share * room) as u32;
                let at = Point::new(LABEL_WIDTH, y);
                if bar.value.is_finite() {
                    canvas.fill(at, Size::new(long.max(1), BAR_HEIGHT.unsigned_abs() - 3), *colour);
                }
                let behind = Point::new(LABEL_WIDTH + long as i32 + 8, y + BAR_HEIGHT / 2 - 1);
                canvas.text(&bar.text, behind, &FONT_9X15, Alignment::Left);
                y += BAR_HEIGHT;
            }
            y += GROUP_GAP;
        }
        canvas.save(path)
    }
}

impl Lines {
    /// Writes the picture.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn save(&self, path: &Path) -> Result<(), Failure> {
        let mut canvas = Canvas::new(WIDTH, LINES_HEIGHT);
        let names: Vec<String> = self.series.iter().map(|s| s.name.clone()).collect();
        canvas.head(&self.title, &names);
        let all = || self.series.iter().flat_map(|s| &s.points);
        let x = Scale::new(self.x.log, all().map(|p| p.0), (100, WIDTH as i32 - 40));
        let y = Scale::new(self.y.log, all().map(|p| p.1), (LINES_HEIGHT as i32 - 70, HEAD));
        self.axes(&mut canvas, &x, &y);
        for (series, colour) in self.series.iter().zip(COLOURS.iter().cycle()) {
            let points: Vec<Point> = series
                .points
                .iter()
                .filter_map(|&(px, py)| Some(Point::new(x.pixel(px)?, y.pixel(py)?)))
                .collect();
            let Ok(()) =
                Polyline::new(&points).into_styled(PrimitiveStyle::with_stroke(*colour, 2)).draw(&mut canvas);
            if let [alone] = points.as_slice() {
                canvas.fill(*alone - Point::new(3, 3), Size::new(7, 7), *colour);
            }
        }
        canvas.save(path)
    }

    fn axes(&self, canvas: &mut Canvas, x: &Scale, y: &Scale) {
        for tick in x.ticks() {
            let Some(at) = x.pixel(tick) else { continue };
            canvas.line(Point::new(at, y.from), Point::new(at, y.to), GREY);
            canvas.text(&tick_text(tick), Point::new(at, y.from + 16), &FONT_9X15, Alignment::Center);
        }
        for tick in y.ticks() {
            let Some(at) = y.pixel(tick) else { continue };
            canvas.line(Point::new(x.from, at), Point::new(x.to, at), GREY);
            canvas.text(&tick_text(tick), Point::new(x.from - 8, at), &FONT_9X15, Alignment::Right);
        }
        canvas.line(Point::new(x.from, y.from), Point::new(x.to, y.from), INK);
        canvas.line(Point::new(x.from, y.from), Point::new(x.from, y.to), INK);
        let below = Point::new(i32::midpoint(x.from, x.to), y.from + 44);
        canvas.text(&self.x.label, below, &FONT_9X15_BOLD, Alignment::Center);
        canvas.text(&self.y.label, Point::new(12, y.to - 16), &FONT_9X15_BOLD, Alignment::Left);
    }
}

/// How values become pixels on one axis.
struct Scale {
    log: bool,
    least: f64,
    most: f64,
    from: i32,
    to: i32,
}

impl Scale {
    fn new(log: bool, values: impl Iterator<Item = f64>, pixels: (i32, i32)) -> Self {
        let usable = values.filter(|v| v.is_finite() && (!log || *v > 0.0));
        let (least, most) = usable.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
        let (from, to) = pixels;
        let (least, most) = match (log, least <= most) {
            (_, false) => (if log { 1.0 } else { 0.0 }, 10.0),
            (true, true) => (least / 1.05, most * 1.05),
            (false, true) => {
                // Heights mean something only above zero.
                let least = least.min(0.0);
                (least, if most > least { most + (most - least) / 20.0 } else { least + 1.0 })
            }
        };
        Self { log, least, most, from, to }
    }

    fn place(&self, value: f64) -> f64 {
        if self.log { value.log10() } else { value }
    }

    /// `None` for what cannot be shown.
    fn pixel(&self, value: f64) -> Option<i32> {
        let (least, most) = (self.place(self.least), self.place(self.most));
        let share = (self.place(value) - least) / (most - least);
        (-0.001..=1.001)
            .contains(&share)
            .then(|| self.from + (share * f64::from(self.to - self.from)).round() as i32)
    }

    fn ticks(&self) -> Vec<f64> {
        if self.log {
            let (first, last) = (self.least.log10().floor() as i32, self.most.log10().ceil() as i32);
            let fine: &[f64] = if last - first <= 3 { &[1.0, 2.0, 5.0] } else { &[1.0] };
            let decades = (first..=last).take(TICKS_MAX);
            return decades.flat_map(|e| fine.iter().map(move |f| f * 10f64.powi(e))).collect();
        }
        let rough = (self.most - self.least) / TICKS_WANTED;
        let ten = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|f| f * ten).into_iter().find(|s| *s >= rough).unwrap_or(rough);
        let first = (self.least / step).ceil();
        (0..TICKS_MAX).map(|i| (first + i as f64) * step).take_while(|v| *v <= self.most).collect()
    }
}

fn tick_text(value: f64) -> String {
    if value == 0.0 || (1e-3..1e6).contains(&value.abs()) {
        let text = format!("{value:.4}");
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    if value.abs() < 1e9 { format!("{}M", digits(value / 1e6)) } else { format!("{value:.0e}") }
}

/// A white picture to draw on.
struct Canvas {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

impl Canvas {
    fn new(width: u32, height: u32) -> Self {
        Self { width, height, rgb: vec![0xff; width as usize * height as usize * 3] }
    }

    /// Title and legend.
    fn head(&mut self, title: &str, names: &[String]) {
        self.text(title, Point::new(12, 22), &FONT_10X20, Alignment::Left);
        let mut x = 12;
        for (name, colour) in names.iter().zip(COLOURS.iter().cycle()) {
            self.fill(Point::new(x, 43), Size::new(14, 14), *colour);
            self.text(name, Point::new(x + 20, 50), &FONT_9X15, Alignment::Left);
            x += 20 + name.chars().count() as i32 * 9 + 24;
        }
    }

    /// Draws `text`; `at` is its middle in height and, by `alignment`, its left, middle or right.
    fn text(&mut self, text: &str, at: Point, font: &MonoFont<'_>, alignment: Alignment) {
        let style = TextStyleBuilder::new().alignment(alignment).baseline(Baseline::Middle).build();
        let Ok(_) = Text::with_text_style(text, at, MonoTextStyle::new(font, INK), style).draw(self);
    }

    fn fill(&mut self, at: Point, size: Size, colour: Rgb888) {
        let Ok(()) = Rectangle::new(at, size).into_styled(PrimitiveStyle::with_fill(colour)).draw(self);
    }

    fn line(&mut self, from: Point, to: Point, colour: Rgb888) {
        let Ok(()) = Line::new(from, to).into_styled(PrimitiveStyle::with_stroke(colour, 1)).draw(self);
    }

    fn save(&self, path: &Path) -> Result<(), Failure> {
        let failed = |e: &dyn std::fmt::Display| Failure::new(Code::File, e).about(path.display());
        let mut file = BufWriter::new(File::create(path).map_err(|e| failed(&e))?);
        let mut encoder = png::Encoder::new(&mut file, self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().map_err(|e| failed(&e))?;
        writer.write_image_data(&self.rgb).map_err(|e| failed(&e))?;
        writer.finish().map_err(|e| failed(&e))?;
        file.flush().map_err(|e| failed(&e))
    }
}

impl OriginDimensions for Canvas {
    fn size(&self) -> Size {
        Size::new(self.width, self.height)
    }
}

impl DrawTarget for Canvas {
    type Color = Rgb888;
    type Error = Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(&mut self, pixels: I) -> Result<(), Infallible> {
        for Pixel(at, colour) in pixels {
            let (Ok(x), Ok(y)) = (u32::try_from(at.x), u32::try_from(at.y)) else { continue };
            // Outside of the picture there is nothing to draw on.
            if x >= self.width {
                continue;
            }
            let index = (y as usize * self.width as usize + x as usize) * 3;
            if let Some(rgb) = self.rgb.get_mut(index..index + 3) {
                rgb.copy_from_slice(&[colour.r(), colour.g(), colour.b()]);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    /// Width, height and pixels of a picture.
    fn read(path: &Path) -> (u32, u32, Vec<[u8; 3]>) {
        let decoder = png::Decoder::new(std::io::BufReader::new(File::open(path).unwrap()));
        let mut reader = decoder.read_info().unwrap();
        let mut raw = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut raw).unwrap();
        let pixels = raw[..info.buffer_size()].chunks_exact(3).map(|p| [p[0], p[1], p[2]]).collect();
        (info.width, info.height, pixels)
    }

    fn count(pixels: &[[u8; 3]], colour: Rgb888) -> usize {
        pixels.iter().filter(|p| **p == [colour.r(), colour.g(), colour.b()]).count()
    }

    #[test]
    fn bars_are_as_long_as_their_values() {
        let folder = Scratch::new("plot-bars").unwrap();
        let path = folder.path().join("bars.png");
        let bar = |value: f64| Bar { value, text: format!("{value} MB/s") };
        let bars = Bars {
            title: "two libraries".into(),
            names: vec!["one".into(), "other".into()],
            groups: vec![
                Group { label: "fast".into(), bars: vec![bar(50.0), bar(100.0)] },
                Group { label: "nothing".into(), bars: vec![bar(f64::NAN), bar(0.0)] },
            ],
        };
        bars.save(&path).unwrap();
        let (width, height, pixels) = read(&path);
        assert_eq!((width, pixels.len()), (WIDTH, (width * height) as usize));
        let longest = |colour: Rgb888| {
            let rows = pixels.chunks_exact(width as usize).skip(HEAD as usize);
            rows.map(|row| count(row, colour)).max().unwrap()
        };
        assert_eq!((longest(COLOURS[0]), longest(COLOURS[1])), (330, 660));
        assert!(count(&pixels, INK) > 500, "there is no text");
    }

    #[test]
    fn lines_go_through_their_points() {
        let folder = Scratch::new("plot-lines").unwrap();
        let path = folder.path().join("lines.png");
        let axis = |label: &str, log| Axis { label: label.into(), log };
        let rising = (1..=100).map(|i| (f64::from(i), f64::from(i * i))).collect();
        let lines = Lines {
            title: "squares".into(),
            x: axis("n", false),
            y: axis("n²", true),
            series: vec![
                Series { name: "all".into(), points: rising },
                Series { name: "one".into(), points: vec![(f64::NAN, 1.0), (50.0, 0.0), (50.0, 3.0)] },
            ],
        };
        lines.save(&path).unwrap();
        let (_, _, pixels) = read(&path);
        // The legend has 196 pixels of each colour.
        assert!(count(&pixels, COLOURS[0]) > 1000, "{}", count(&pixels, COLOURS[0]));
        assert_eq!(count(&pixels, COLOURS[1]), 196 + 49);
    }

    #[test]
    fn any_values_can_be_drawn() {
        let folder = Scratch::new("plot-any").unwrap();
        for (log, points) in [
            (true, vec![]),
            (false, vec![]),
            (true, vec![(0.0, -1.0)]),
            (false, vec![(5.0, 5.0), (5.0, 5.0)]),
            (false, vec![(-1e300, f64::INFINITY), (1e300, -1e300)]),
            (true, vec![(1e-300, 1e300), (1e300, 1e-300)]),
        ] {
            let axis = Axis { label: "v".into(), log };
            let series = vec![Series { name: "s".into(), points }];
            let lines = Lines { title: "any".into(), x: axis.clone(), y: axis, series };
            lines.save(&folder.path().join("any.png")).unwrap();
        }
        let empty = Bars { title: String::new(), names: Vec::new(), groups: Vec::new() };
        empty.save(&folder.path().join("empty.png")).unwrap();
        let error = empty.save(&folder.path().join("no/such/folder.png")).unwrap_err();
        assert_eq!(error.code, Code::File);
    }

    #[test]
    fn marks_are_round_numbers() {
        let scale = Scale::new(false, [0.0, 7.3].into_iter(), (0, 100));
        assert_eq!(scale.ticks(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
        let scale = Scale::new(true, [1.0, 5e4].into_iter(), (0, 100));
        assert!([1.0, 10.0, 1e4].iter().all(|t| scale.ticks().contains(t)));
        let texts = [0.0, 0.25, 1000.0, 2.5e6, 1e12].map(tick_text);
        assert_eq!(texts, ["0", "0.25", "1000", "2.50M", "1e12"]);
    }
}
