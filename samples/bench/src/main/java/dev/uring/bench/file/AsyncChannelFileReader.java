package dev.uring.bench.file;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.channels.CompletionHandler;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Program {@code async-file-channel}: the JDK's own asynchronous file, with threads to match. */
public final class AsyncChannelFileReader implements FileReader {
  private final AsynchronousFileChannel file;
  private final long blocks;
  private final MemorySegment memory = Arena.global()
      .allocate((long) FileControl.DEPTH_MAX * FileContent.BLOCK_BYTES, FileContent.BLOCK_BYTES);

  private AsyncChannelFileReader(Path path, long blocks) throws IOException {
    ExecutorService threads = Executors.newFixedThreadPool(FileControl.DEPTH_MAX);
    this.file = AsynchronousFileChannel.open(
        path, Set.of(StandardOpenOption.READ, DirectReads.OPTION), threads);
    this.blocks = blocks;
  }

  /**
   * Runs until the harness ends it.
   *
   * @param args the file and its length in blocks
   * @throws IOException the file cannot be opened
   */
  public static void main(String[] args) throws IOException {
    FileControl.serve(
        "AsynchronousFileChannel, O_DIRECT, 128 threads",
        new AsyncChannelFileReader(Path.of(args[0]), Long.parseLong(args[1])));
  }

  @Override
  public FileTally run(int depth, long nanos, long seed) throws Exception {
    Run run = new Run(depth, System.nanoTime() + nanos, seed);
    for (int i = 0; i < depth; i++) {
      long offset = (long) i * FileContent.BLOCK_BYTES;
      run.new Read(memory.asSlice(offset, FileContent.BLOCK_BYTES)).ask(System.nanoTime());
    }
    return run.done.get();
  }

  private final class Run {
    private final CompletableFuture<FileTally> done = new CompletableFuture<>();
    private final AtomicLong asked = new AtomicLong();
    private final AtomicInteger underWay;
    private final FileTally tally = new FileTally();
    private final long endNanos;
    private final long seed;

    Run(int depth, long endNanos, long seed) {
      this.underWay = new AtomicInteger(depth);
      this.endNanos = endNanos;
      this.seed = seed;
    }

    /** One of the reads under way. Its answers come one at a time, on any of the threads. */
    private final class Read implements CompletionHandler<Integer, Void> {
      private final FileTally own = new FileTally();
      private final MemorySegment memory;
      private final ByteBuffer buffer;
      private long block;
      private long askedNanos;

      Read(MemorySegment memory) {
        this.memory = memory;
        this.buffer = memory.asByteBuffer();
      }

      void ask(long now) {
        block = FileContent.blockOf(seed, asked.incrementAndGet(), blocks);
        askedNanos = now;
        file.read(buffer.clear(), block * FileContent.BLOCK_BYTES, null, this);
      }

      @Override
      public void completed(Integer bytes, Void nothing) {
        long now = System.nanoTime();
        own.add(
            now - askedNanos,
            bytes == FileContent.BLOCK_BYTES && FileContent.isBlock(memory, block));
        if (now < endNanos) {
          ask(now);
          return;
        }
        synchronized (tally) {
          tally.add(own);
        }
        if (underWay.decrementAndGet() == 0) {
          done.complete(tally);
        }
      }

      @Override
      public void failed(Throwable failure, Void nothing) {
        done.completeExceptionally(failure);
      }
    }
  }
}
