package dev.uring.memcache.codec;

import dev.uring.bytes.ByteView;

/**
 * How values of a program become bytes, and the other way round.
 *
 * <h2>Shapes and units</h2>
 *
 * Memcached keeps 32 bits of a program's own with each value, the client flags. {@link #write} says
 * them, {@link #read} gets them back: most often they say which encoding the bytes have.
 *
 * <h2>Ownership</h2>
 *
 * The view is borrowed until {@link #read} returns. What {@link #write} gives to the writer must
 * not change until the call for which it was written has returned.
 *
 * <h2>Threading and cancellation</h2>
 *
 * One transcoder serves all threads at once: it has no state.
 *
 * <h2>Errors</h2>
 *
 * What a method throws fails that one command, and nothing else.
 *
 * @param <T> the program's type
 */
public interface Transcoder<T> {
  /** Text in UTF-8, flags 0; malformed bytes are read as U+FFFD. */
  Transcoder<String> UTF8 = new Transcoder<>() {
    @Override
    public int write(String value, MemcacheWriter writer) {
      writer.value(value);
      return 0;
    }

    @Override
    public String read(ByteView bytes, int clientFlags) {
      return bytes.isEmpty() ? "" : bytes.toUtf8();
    }
  };

  /** Bytes as they are, flags 0. */
  Transcoder<byte[]> BYTES = new Transcoder<>() {
    @Override
    public int write(byte[] value, MemcacheWriter writer) {
      writer.value(value);
      return 0;
    }

    @Override
    public byte[] read(ByteView bytes, int clientFlags) {
      return bytes.toByteArray();
    }
  };

  /**
   * Gives the writer the bytes of a value.
   *
   * @param value what to write
   * @param writer where to; its {@code value} is called exactly once
   * @return the client flags
   */
  int write(T value, MemcacheWriter writer);

  /**
   * Reads a value.
   *
   * @param bytes all of them, borrowed
   * @param clientFlags what was stored with them
   * @return the value
   */
  T read(ByteView bytes, int clientFlags);
}
