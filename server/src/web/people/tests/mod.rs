//! Pages of plain HTML over a socket, and who gets them.

mod german;
mod removed;
mod shares;
mod tokens;
mod usage;
mod walls;
