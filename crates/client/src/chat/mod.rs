//! The chat half of the protocol as a state machine without I/O.
