package dev.uring.redis.codec;

/** What a reply, or a part of one, can be. */
public enum ReplyType {
  /** A simple, bulk, verbatim or streamed string. */
  STRING,
  /** A signed 64-bit number. */
  INTEGER,
  /** A floating-point number. */
  DOUBLE,
  /** True or false. */
  BOOLEAN,
  /** No value. */
  NULL,
  /** An integer of any size. */
  BIG_NUMBER,
  /** A simple or bulk error. */
  ERROR,
  /** Elements in their order. */
  ARRAY,
  /** Elements without an order. */
  SET,
  /** Keys, each with a value. */
  MAP,
  /** A message that answers no command. */
  PUSH
}
