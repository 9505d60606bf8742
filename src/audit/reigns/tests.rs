//! How reigns advance.
