package dev.uring.message.codec;

import dev.uring.bytes.ByteView;
import dev.uring.bytes.ByteWindow;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/**
 * Makes bodies smaller on their way, each by itself: two bytes with the size of the whole body,
 * then its bytes deflated (RFC 1951).
 *
 * <p>Deflate as the JDK has it, and not a faster method of a library: what a body saves here, it
 * saves on networks that are slower than either, and no code has to be carried along. The fastest
 * of its levels, because the others save little more of bodies below 64 KiB.
 *
 * <h2>Shapes and units</h2>
 *
 * A whole body has up to {@link Message#PART_BYTES_MAX} bytes, whatever a peer claims: more cannot
 * be inflated.
 *
 * <h2>Ownership</h2>
 *
 * Owns the memory of one body in each direction, 192 KiB, and what zlib needs, about 300 KiB, until
 * {@link #close}.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Not thread-safe: one for each worker.
 *
 * <h2>Errors</h2>
 *
 * What a peer sends is never thrown: {@link #unpack} returns {@link #GARBAGE}.
 */
public final class BodyPacker implements AutoCloseable {
  /** What {@link #unpack} returns for bytes that {@link #pack} never made. */
  public static final int GARBAGE = -1;

  /** What {@link #pack} returns for a body that is better sent as it is. */
  public static final int NOT_WORTH_IT = -1;

  private static final int SIZE_BYTES = 2;

  // What is smaller by less than an eighth is not worth the peer's time to inflate it.
  private static final int SAVED_PART = 8;

  private final Deflater deflater = new Deflater(Deflater.BEST_SPEED, true);
  private final Inflater inflater = new Inflater(true);
  private final byte[] packed = new byte[Message.PART_BYTES_MAX];
  private final ByteBuffer whole = ByteBuffer.allocateDirect(Message.PART_BYTES_MAX + 1);
  private final MemorySegment wholeMemory = MemorySegment.ofBuffer(whole.duplicate());

  /** One that has packed nothing. */
  public BodyPacker() {}

  /**
   * Packs a body into {@link #packed}.
   *
   * @param body up to {@link Message#PART_BYTES_MAX} bytes
   * @return bytes of it packed, or {@link #NOT_WORTH_IT}
   */
  int pack(MessageBytes body) {
    int size = body.rawSize();
    int most = size - size / SAVED_PART;
    if (most <= SIZE_BYTES) {
      return NOT_WORTH_IT;
    }
    deflater.reset();
    body.writeTo(deflater);
    deflater.finish();
    int count = deflater.deflate(packed, SIZE_BYTES, most - SIZE_BYTES);
    if (!deflater.finished()) {
      return NOT_WORTH_IT;
    }
    packed[0] = (byte) (size >>> Byte.SIZE);
    packed[1] = (byte) size;
    return SIZE_BYTES + count;
  }

  byte[] packed() {
    return packed;
  }

  /**
   * Inflates a packed body.
   *
   * @param body as it has come
   * @return bytes of it whole, which {@link #lend} shows; or {@link #GARBAGE}
   */
  int unpack(ByteView body) {
    int count = body.size();
    if (count <= SIZE_BYTES) {
      return GARBAGE;
    }
    body.copyTo(0, packed, 0, count);
    int size = (packed[0] & 0xFF) << Byte.SIZE | packed[1] & 0xFF;
    inflater.reset();
    inflater.setInput(packed, SIZE_BYTES, count - SIZE_BYTES);
    // Room for one byte more than was said, so that a stream which has more is seen to have it.
    whole.clear().limit(size + 1);
    try {
      int got = inflater.inflate(whole);
      boolean isWhole = got == size && inflater.finished() && inflater.getRemaining() == 0;
      return isWhole ? size : GARBAGE;
    } catch (DataFormatException garbage) {
      return GARBAGE;
    }
  }

  /** Lends the first bytes of what was unpacked last, until the next call of {@link #unpack}. */
  void lend(ByteWindow window, int size) {
    window.lend(wholeMemory, 0, size);
  }

  @Override
  public void close() {
    deflater.end();
    inflater.end();
  }
}
