//! Pages of plain HTML over a socket, and who gets them.

mod removed;
mod shares;
mod usage;
mod walls;
