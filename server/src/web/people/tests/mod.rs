//! Pages of plain HTML over a socket, and who gets them.

mod german;
mod openid;
mod removed;
mod shares;
mod tokens;
mod usage;
mod walls;
