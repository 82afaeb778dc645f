//! What Godot sees: classes, functions of one line each, signals.

mod class;
