package dev.uring.codec;

/**
 * What a decoder found at the beginning of the bytes it was given.
 *
 * <p>Bad input is an answer and not an exception: a peer can send it at will, so it must cost no
 * more than good input and must take no path that is only exercised by accident.
 */
public enum DecodeStatus {
  /** One whole message; the decoder says how many bytes it covers. */
  DONE,
  /** A beginning of a message; call again when more bytes have arrived. */
  NEED_MORE,
  /** No message of the protocol begins like this; the decoder says why, the connection ends. */
  BAD
}
