package dev.uring.bench.file;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;

/** Program {@code file-channel}: as many threads as reads under way, each in a blocking read. */
public final class ChannelFileReader implements FileReader {
  private final FileChannel file;
  private final long blocks;
  private final ExecutorService threads;
  private final MemorySegment memory = Arena.global()
      .allocate((long) FileControl.DEPTH_MAX * FileContent.BLOCK_BYTES, FileContent.BLOCK_BYTES);

  private ChannelFileReader(Path path, long blocks) throws IOException {
    this.file = FileChannel.open(path, StandardOpenOption.READ, DirectReads.OPTION);
    this.blocks = blocks;
    // Threads that stay: the CPU time of one that ends is lost to the harness.
    this.threads = Executors.newFixedThreadPool(FileControl.DEPTH_MAX);
  }

  /**
   * Runs until the harness ends it.
   *
   * @param args the file and its length in blocks
   * @throws IOException the file cannot be opened
   */
  public static void main(String[] args) throws IOException {
    FileControl.serve(
        "FileChannel, O_DIRECT, a thread for each read under way",
        new ChannelFileReader(Path.of(args[0]), Long.parseLong(args[1])));
  }

  @Override
  public FileTally run(int depth, long nanos, long seed) throws Exception {
    AtomicLong asked = new AtomicLong();
    long end = System.nanoTime() + nanos;
    List<Future<FileTally>> readers = new ArrayList<>();
    for (int i = 0; i < depth; i++) {
      long offset = (long) i * FileContent.BLOCK_BYTES;
      MemorySegment block = memory.asSlice(offset, FileContent.BLOCK_BYTES);
      readers.add(threads.submit(() -> read(block, asked, end, seed)));
    }
    FileTally tally = new FileTally();
    for (Future<FileTally> reader : readers) {
      tally.add(reader.get());
    }
    return tally;
  }

  private FileTally read(MemorySegment memory, AtomicLong asked, long end, long seed)
      throws IOException {
    FileTally tally = new FileTally();
    ByteBuffer buffer = memory.asByteBuffer();
    long now = System.nanoTime();
    // One read at least: a machine that stops at the beginning must not make it none.
    do {
      long block = FileContent.blockOf(seed, asked.incrementAndGet(), blocks);
      buffer.clear();
      int bytes = file.read(buffer, block * FileContent.BLOCK_BYTES);
      long answered = System.nanoTime();
      tally.add(
          answered - now, bytes == FileContent.BLOCK_BYTES && FileContent.isBlock(memory, block));
      now = answered;
    } while (now < end);
    return tally;
  }
}
