//! Lets the linker leave Node's own symbols to be found when the library is loaded.

fn main() {
    napi_build::setup();
}
