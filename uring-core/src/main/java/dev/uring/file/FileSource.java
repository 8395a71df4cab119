package dev.uring.file;

import dev.uring.base.FileException;
import dev.uring.net.Connection;
import dev.uring.net.SendGuard;
import dev.uring.net.SendSource;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * A part of a file on its way to a connection, in its place among what else is written there.
 *
 * <pre>{@code
 * connection.writeUtf8("HTTP/1.1 200 OK\r\nContent-Length: " + size + "\r\n\r\n");
 * FileSource.send(connection, file, 0, size).thenRun(file::close);
 * }</pre>
 *
 * <h2>Shapes and units</h2>
 *
 * The file is read in chunks of {@link #CHUNK_BYTES} into the worker's memory, one chunk while the
 * one before is with the kernel; the chunks are sent from where they were read to. What is written
 * to the connection meanwhile follows behind the last byte.
 *
 * <p>That is one copy, from the page cache, and no byte passes through the Java heap.
 * <i>Rejected:</i> splicing the file into a pipe and the pipe into the socket, which copies
 * nothing. A ring runs every splice on a thread of the kernel's pool, two for each 64 KiB that a
 * pipe holds, and one into a socket whose peer does not read keeps its thread for as long, so that
 * slow peers hold up the files of everybody else. A read of cached pages is answered within the
 * call.
 *
 * <h2>Ownership</h2>
 *
 * The file stays the caller's, who keeps it open until the stage completes. Two chunks of memory at
 * most are held, more while zero-copy sends wait for their notifications.
 *
 * <h2>Threading and cancellation</h2>
 *
 * The worker that file and connection live on. There is no way back once it is written, except to
 * abort the connection: its peer waits for the rest.
 *
 * <h2>Errors</h2>
 *
 * When the file has become shorter than was asked for, or cannot be read, the connection is reset
 * and the stage completes with {@link FileException}, which says where it ended. When the
 * connection ends first, with what ended it.
 */
public final class FileSource extends SendSource {
  /**
   * The size of a chunk: large enough that the two operations for each do not count, small enough
   * that the chunks of several connections, and what TLS makes of them, are in the core's cache
   * between being read and being sent. Over TLS, to 8 peers, chunks of 128 KiB cost a tenth more.
   */
  public static final int CHUNK_BYTES = 1 << 16;

  private final WorkerFiles files;
  private final AsyncFile file;
  private final Read read = new Read();
  private final CompletableFuture<Long> result = new CompletableFuture<>();
  private final long end;

  private FileSource(AsyncFile file, long position, long bytes) {
    super(bytes);
    this.files = WorkerFiles.of(file.worker());
    this.file = file;
    this.end = Math.addExact(position, bytes);
  }

  /**
   * Queues a part of a file.
   *
   * @param connection where it goes
   * @param file of the connection's worker, open until the stage completes
   * @param position first byte of the part; a multiple of the file's alignment if that is direct
   * @param bytes its length; the file must have that many from there, and keep them
   * @return completes on the worker with {@code bytes} when the kernel has taken the last one
   */
  public static CompletionStage<Long> send(
      Connection connection, AsyncFile file, long position, long bytes) {
    if (file.worker() != connection.worker()) {
      throw new IllegalArgumentException(
          file + " belongs to another worker than " + connection + ": open it on the connection's");
    }
    if (position < 0 || bytes < 0) {
      throw new IllegalArgumentException("cannot send position="
          + position
          + ", bytes="
          + bytes
          + " of "
          + file.path()
          + ": neither may be negative");
    }
    FileSource source = new FileSource(file, position, bytes);
    connection.write(source);
    return source.result.minimalCompletionStage();
  }

  @Override
  protected void produce() {
    int alignment = file.positionAlignmentBytes();
    long aligned = (leftToOffer() + alignment - 1) / alignment * alignment;
    int wanted = (int) Math.min(CHUNK_BYTES, aligned);
    read.begin(files.buffer(wanted), wanted);
  }

  @Override
  protected void ended(Throwable failure) {
    if (failure == null) {
      result.complete(bytes());
    } else {
      result.completeExceptionally(failure);
    }
  }

  private final class Read extends FileRequest {
    private FileBuffer buffer;

    void begin(FileBuffer newBuffer, int wanted) {
      buffer = newBuffer;
      try {
        file.read(end - leftToOffer(), buffer, 0, wanted, this);
      } catch (RuntimeException refused) {
        buffer.close();
        throw refused;
      }
    }

    @Override
    protected void completed(int bytes) {
      long present = Math.min(bytes, leftToOffer());
      long wanted = Math.min(CHUNK_BYTES, leftToOffer());
      if (present < wanted) {
        buffer.close();
        fail(tooShort(end - leftToOffer() + bytes));
      } else {
        offer(new Chunk(buffer, present));
      }
    }

    @Override
    protected void failed(FileException failure) {
      buffer.close();
      fail(failure);
    }
  }

  private FileException tooShort(long size) {
    return new FileException(
        "cannot send "
            + file.path()
            + ": it ends at byte "
            + size
            + ", and was to be sent from "
            + (end - bytes())
            + " to "
            + end
            + ".\n  Likely cause: it was truncated while it was being sent, or the length was not taken"
            + " from its size. Replace files by renaming new ones over them, which leaves open ones whole.",
        "send",
        file.path(),
        0);
  }

  private record Chunk(FileBuffer held, long bytes) implements SendGuard {
    @Override
    public MemorySegment memory() {
      return held.memory().asSlice(0, bytes);
    }

    @Override
    public ByteBuffer buffer() {
      return held.buffer();
    }

    @Override
    public void released() {
      held.close();
    }
  }
}
