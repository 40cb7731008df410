mod boxing;
mod calls;
mod picky;
mod readiness;
