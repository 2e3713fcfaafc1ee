//! Pages of plain HTML over a socket, and who gets them.

mod shares;
mod usage;
mod walls;
