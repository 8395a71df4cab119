package dev.uring.redis.codec;

import dev.uring.bytes.ByteView;

/**
 * How values of a program become arguments, and replies become values.
 *
 * <h2>Ownership</h2>
 *
 * The view is borrowed until {@link #read} returns.
 *
 * <h2>Threading and cancellation</h2>
 *
 * One codec serves all threads at once: it has no state.
 *
 * <h2>Errors</h2>
 *
 * What a method throws fails that one command, and nothing else.
 *
 * @param <T> the program's type
 */
public interface ValueCodec<T> {
  /** Text in UTF-8; malformed bytes are read as U+FFFD. */
  ValueCodec<String> UTF8 = new ValueCodec<>() {
    @Override
    public void write(String value, CommandWriter writer) {
      writer.arg(value);
    }

    @Override
    public String read(ByteView bytes) {
      return bytes.isEmpty() ? "" : bytes.toUtf8();
    }
  };

  /** Bytes as they are, copied. */
  ValueCodec<byte[]> BYTES = new ValueCodec<>() {
    @Override
    public void write(byte[] value, CommandWriter writer) {
      writer.arg(value);
    }

    @Override
    public byte[] read(ByteView bytes) {
      return bytes.toByteArray();
    }
  };

  /**
   * Writes a value.
   *
   * @param value what to write
   * @param writer where to; gets exactly one argument
   */
  void write(T value, CommandWriter writer);

  /**
   * Reads a value.
   *
   * @param bytes all of them, borrowed
   * @return the value
   */
  T read(ByteView bytes);
}
