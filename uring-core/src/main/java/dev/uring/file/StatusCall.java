package dev.uring.file;

import dev.uring.abi.Fcntl;
import dev.uring.driver.StatusOperation;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Asks for the status of a path or file, answered by a stage.
 *
 * @param <T> what is made of it
 */
final class StatusCall<T> extends StatusOperation {
  // What is assumed where the kernel does not say; every disk can do multiples of it.
  private static final int ALIGNMENT_UNKNOWN = FileBuffer.ALIGNMENT_BYTES;

  final CompletableFuture<T> future = new CompletableFuture<>();
  private final String path;
  private final Function<StatusCall<T>, T> success;

  StatusCall(String path, Function<StatusCall<T>, T> success) {
    this.path = path;
    this.success = success;
  }

  @Override
  protected void told(int errno) {
    if (errno != 0) {
      future.completeExceptionally(FileErrors.refused("ask the status of", path, "", errno));
      return;
    }
    T answer;
    try {
      answer = success.apply(this);
    } catch (RuntimeException refused) {
      future.completeExceptionally(refused);
      return;
    }
    future.complete(answer);
  }

  FileStatus status() {
    return new FileStatus(
        FileType.ofMode(mode()),
        sizeBytes(),
        blocksCount() * 512,
        mode() & 07777,
        Instant.ofEpochSecond(modifiedSeconds(), modifiedNanos()),
        Instant.ofEpochSecond(accessedSeconds(), accessedNanos()),
        userId(),
        groupId(),
        linksCount(),
        inode());
  }

  /** What direct I/O needs; 0 in it means that the file cannot do it. */
  DirectAlignment directAlignment() {
    return (knownMask() & Fcntl.STATX_DIOALIGN) == 0
        ? new DirectAlignment(ALIGNMENT_UNKNOWN, ALIGNMENT_UNKNOWN)
        : new DirectAlignment(directMemoryAlignment(), directPositionAlignment());
  }
}
