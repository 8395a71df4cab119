package dev.uring.bench.file;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** What the file that is read holds: each word tells its place, so no block passes for another. */
public final class FileContent {
  /** What one operation reads. */
  public static final int BLOCK_BYTES = 4096;

  private static final int WORDS = BLOCK_BYTES / Long.BYTES;
  private static final int BLOCKS_PER_WRITE = 64;

  private FileContent() {}

  /**
   * The block that a run reads as its {@code count}th.
   *
   * @param seed of the run
   * @param count from 1
   * @param blocks of the file
   * @return 0 to {@code blocks}, exclusive
   */
  public static long blockOf(long seed, long count, long blocks) {
    return Long.remainderUnsigned(mixed((seed << 32) + count), blocks);
  }

  /**
   * Whether memory holds a block, judged by its first and last word: a block from elsewhere, or
   * half of one, has others.
   *
   * @param memory the block's bytes from offset 0
   * @param block which one it should be
   * @return whether it is
   */
  public static boolean isBlock(MemorySegment memory, long block) {
    return isBlock(
        memory.get(ValueLayout.JAVA_LONG, 0),
        memory.get(ValueLayout.JAVA_LONG, BLOCK_BYTES - Long.BYTES),
        block);
  }

  /**
   * Whether two words are the first and the last of a block.
   *
   * @param first in the byte order of the machine
   * @param last in the byte order of the machine
   * @param block which one it should be
   * @return whether it is
   */
  public static boolean isBlock(long first, long last, long block) {
    return first == mixed(block * WORDS) && last == mixed(block * WORDS + WORDS - 1);
  }

  /**
   * Writes the file and brings it to the medium.
   *
   * @param path where
   * @param blocks how long
   * @throws IOException it cannot be written
   */
  public static void write(Path path, long blocks) throws IOException {
    ByteBuffer buffer =
        ByteBuffer.allocateDirect(BLOCKS_PER_WRITE * BLOCK_BYTES).order(ByteOrder.nativeOrder());
    try (FileChannel file =
        FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (long word = 0; word < blocks * WORDS; ) {
        buffer.clear();
        for (; buffer.hasRemaining() && word < blocks * WORDS; word++) {
          buffer.putLong(mixed(word));
        }
        buffer.flip();
        while (buffer.hasRemaining()) {
          file.write(buffer);
        }
      }
      file.force(true);
    }
  }

  // splitmix64, as in file_uring.c.
  static long mixed(long seed) {
    long value = seed + 0x9e3779b97f4a7c15L;
    value = (value ^ value >>> 30) * 0xbf58476d1ce4e5b9L;
    value = (value ^ value >>> 27) * 0x94d049bb133111ebL;
    return value ^ value >>> 31;
  }
}
