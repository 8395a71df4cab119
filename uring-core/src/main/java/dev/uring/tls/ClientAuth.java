package dev.uring.tls;

/** Whether a server asks clients for a certificate. */
public enum ClientAuth {
  /** It does not. */
  NONE,
  /** It does; a client without one is served too, one with a wrong one is not. */
  WANT,
  /** It does, and a client without one is not served. */
  NEED
}
