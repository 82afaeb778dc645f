//! `./x godot pictures`: the arena and the editor's panel, drawn into a display that nobody sees.

use super::match_run::Match;
use super::{Profile, Project, build};
use crate::engine::Engine;
use crate::packages::{Need, provide};
use crate::process::{Done, Step, run as run_step, tool};
use crate::repository::Repository;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const NEEDS: &[Need] = &[Need { program: "Xvfb", package: "xvfb" }];
const SCREEN: &str = "1920x1080x24";
/// Where they go.
const PICTURES: &str = "docs/book/src/images";
/// A plugin of the editor that looks at our panel and takes a picture.
const CAMERA: &str = "godot/tests/addon/camera.gd";
const EDITOR_LIMIT: Duration = Duration::from_secs(180);
/// How long the match lasts whose picture is taken half way.
const SECONDS: u64 = 16;
/// Long enough for the editor to start while the match goes on.
const SECONDS_WITH_EDITOR: u64 = 60;

/// Draws both.
pub(super) fn command(repository: &Repository, verbose: bool) -> Result<bool, String> {
    provide(NEEDS)?;
    let engine = Engine::provide(verbose)?.with_display(verbose)?;
    let library = build(repository, Profile::Debug, verbose)?;
    let folder = repository.root.join(PICTURES);
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let screen = Screen::open()?;
    let arena = folder.join("godot-arena.png");
    let project = Project::prepare(repository, &engine, "arena", &library, "picture")?;
    let game = Match { seconds: SECONDS, picture: Some(arena.clone()), ..Match::default() };
    let engine = engine.at_display(&screen.name);
    game.play(&project, &engine, verbose)?;
    let panel = folder.join("godot-panel.png");
    let project = Project::prepare(repository, &engine, "arena", &library, "editor")?;
    photograph_editor(repository, &project, &engine, &panel, verbose)?;
    for picture in [arena, panel] {
        let size =
            std::fs::metadata(&picture).map_err(|error| format!("{}: {error}", picture.display()))?.len();
        println!("{} ({size} bytes)", picture.display());
    }
    Ok(true)
}

/// Starts an editor and a match whose server it debugs, and has it take a picture.
fn photograph_editor(
    repository: &Repository,
    project: &Project,
    engine: &Engine,
    picture: &Path,
    verbose: bool,
) -> Result<(), String> {
    project.add_plugin(repository, CAMERA)?;
    let address = format!("tcp://127.0.0.1:{}", free_tcp_port()?);
    let mut command = project.engine(engine);
    command.args(["--editor", "--audio-driver", "Dummy", "--debug-server", &address]);
    command.args(["--resolution", "1920x1080", "--path"]).arg(&project.folder);
    command.env("GAMESOCKETS_PICTURE", picture);
    let game = Match { seconds: SECONDS_WITH_EDITOR, debugger: Some(address), ..Match::default() };
    let log = project.base.join("editor.log");
    let (editor, game) = std::thread::scope(|scope| {
        let editor = scope.spawn(move || {
            run_step(Step { label: "the editor", command, log, limit: EDITOR_LIMIT, verbose })
        });
        wait_for_camera(&project.folder);
        let game = game.play(project, engine, verbose);
        (editor.join(), game)
    });
    game?;
    let editor: Done = editor.map_err(|_| "the editor's thread ended badly".to_owned())?;
    // An editor without Vulkan says so with error lines, and goes on.
    if !editor.success || editor.output.contains("SCRIPT ERROR") || !picture.is_file() {
        return Err(editor.explain());
    }
    Ok(())
}

/// Until the camera says that the editor is ready, by a file; a match that begins too early has no debugger.
fn wait_for_camera(project: &Path) {
    let ready = project.join("camera-ready");
    for _ in 0..600 {
        if ready.is_file() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn free_tcp_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).map_err(|error| format!("no free port: {error}"))
}

/// A display in memory; it goes with this value.
struct Screen {
    server: Child,
    name: String,
}

impl Screen {
    fn open() -> Result<Self, String> {
        let mut command: Command = tool("Xvfb");
        command.args(["-displayfd", "1", "-screen", "0", SCREEN, "-nolisten", "tcp"]);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut server = command.spawn().map_err(|error| format!("Xvfb did not start: {error}"))?;
        let mut number = String::new();
        if let Some(out) = server.stdout.take() {
            let _ = BufReader::new(out).read_line(&mut number);
        }
        let screen = Self { server, name: format!(":{}", number.trim()) };
        if screen.name == ":" { Err("Xvfb found no free display".to_owned()) } else { Ok(screen) }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
