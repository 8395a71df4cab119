package dev.uring.bench.file;

import dev.uring.RuntimeConfig;
import dev.uring.UringRuntime;
import dev.uring.base.FileException;
import dev.uring.bench.subject.UringCounters;
import dev.uring.file.AsyncFile;
import dev.uring.file.FileBuffer;
import dev.uring.file.FileRequest;
import dev.uring.file.OpenOptions;
import dev.uring.file.WorkerFiles;
import dev.uring.worker.Worker;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * Program {@code uring-callback}: reusable requests on one worker. With the argument {@code slowed}
 * it burns a microsecond more for each read: the self-check's twin.
 */
public final class UringFileReader implements FileReader {
  private static final long SLOWED_NANOS = 1_000;

  private final UringRuntime runtime;
  private final Worker worker;
  private final WorkerFiles files;
  private final AsyncFile file;
  private final long blocks;
  private final long addedNanos;

  // Of the run under way; the worker's.
  private FileTally tally;
  private long seed;
  private long asked;
  private long endNanos;
  private int underWay;
  private CompletableFuture<FileTally> done;
  private final Read[] reads = new Read[FileControl.DEPTH_MAX];

  private UringFileReader(String path, long blocks, long addedNanos) throws Exception {
    this.runtime = UringRuntime.start(RuntimeConfig.builder().workersCount(1).build());
    this.worker = runtime.worker(0);
    this.files = WorkerFiles.of(worker);
    this.blocks = blocks;
    this.addedNanos = addedNanos;
    this.file = files
        .open(path, OpenOptions.forReading().direct().registered())
        .toCompletableFuture()
        .get();
    CompletableFuture.runAsync(this::makeReads, worker).get();
  }

  /**
   * Runs until the harness ends it.
   *
   * @param args the file, its length in blocks, and perhaps {@code slowed}
   * @throws Exception the file cannot be opened
   */
  public static void main(String[] args) throws Exception {
    long addedNanos = args.length > 2 && args[2].equals("slowed") ? SLOWED_NANOS : 0;
    FileControl.serve(
        "FileRequest, one worker, O_DIRECT, registered file and buffers",
        new UringFileReader(args[0], Long.parseLong(args[1]), addedNanos));
  }

  @Override
  public FileTally run(int depth, long nanos, long newSeed) throws Exception {
    CompletableFuture<FileTally> future = new CompletableFuture<>();
    // Made here: what this thread allocates is not counted as the program's.
    FileTally newTally = new FileTally();
    worker.execute(() -> {
      done = future;
      tally = newTally;
      seed = newSeed;
      asked = 0;
      endNanos = System.nanoTime() + nanos;
      underWay = depth;
      for (int i = 0; i < depth; i++) {
        reads[i].ask(worker.nanoTime());
      }
    });
    return future.get();
  }

  @Override
  public Map<String, Long> counters() {
    return UringCounters.of(runtime);
  }

  private void makeReads() {
    files.registerBuffers(reads.length, FileContent.BLOCK_BYTES);
    for (int i = 0; i < reads.length; i++) {
      reads[i] = new Read(files.buffer(FileContent.BLOCK_BYTES));
    }
  }

  private void spin() {
    long end = System.nanoTime() + addedNanos;
    while (System.nanoTime() - end < 0) {
      Thread.onSpinWait();
    }
  }

  private final class Read extends FileRequest {
    private final FileBuffer buffer;
    private long block;
    private long askedNanos;

    Read(FileBuffer buffer) {
      this.buffer = buffer;
    }

    void ask(long now) {
      block = FileContent.blockOf(seed, ++asked, blocks);
      askedNanos = now;
      file.read(block * FileContent.BLOCK_BYTES, buffer, 0, FileContent.BLOCK_BYTES, this);
    }

    @Override
    protected void completed(int bytes) {
      long now = worker.nanoTime();
      boolean isRight =
          bytes == FileContent.BLOCK_BYTES && FileContent.isBlock(buffer.memory(), block);
      tally.add(now - askedNanos, isRight);
      if (addedNanos > 0) {
        spin();
      }
      if (now < endNanos) {
        ask(now);
      } else if (--underWay == 0) {
        done.complete(tally);
      }
    }

    @Override
    protected void failed(FileException failure) {
      done.completeExceptionally(failure);
    }
  }
}
