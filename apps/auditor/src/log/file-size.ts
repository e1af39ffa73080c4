/** 256 entries of 65,535 bytes, each with its length. Nothing in a log is larger. */
export const fileBytesMax = 256 * (65_535 + 2);
