package dev.uring.file;

import dev.uring.abi.Nvme;
import dev.uring.driver.NvmeDriver;
import dev.uring.worker.Worker;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * A namespace of an NVMe disk, read and written by its blocks with no file system and no block
 * layer in between.
 *
 * <h2>Shapes and units</h2>
 *
 * Blocks of {@link #blockBytes} bytes, numbered from 0. At most {@link #BLOCKS_MAX} of them for
 * each command, and no more than {@link NvmeNamespace#commandBytesMax} in bytes: the kernel refuses
 * a larger one with EINVAL. The memory may begin anywhere; at a multiple of 4 the disk reads and
 * writes it itself, elsewhere the kernel copies.
 *
 * <h2>Ownership</h2>
 *
 * As for {@link AsyncFile}. Whoever opens a device for writing owns what is on it: nothing else
 * protects a file system that lies there.
 *
 * <h2>Threading and cancellation</h2>
 *
 * As for {@link AsyncFile}; a command cannot be cancelled.
 *
 * <h2>Errors</h2>
 *
 * {@link dev.uring.base.FileException} with the controller's status in words, or the kernel's
 * errno.
 *
 * <h2>Source</h2>
 *
 * IORING_OP_URING_CMD with {@code NVME_URING_CMD_IO}, since kernel 5.19, on a ring of 128-byte SQEs
 * that a worker makes with its first command.
 */
public final class NvmeDevice {
  /** Most blocks of one command: the count is a 16-bit field that begins at one. */
  public static final int BLOCKS_MAX = 1 << 16;

  private final AsyncFile file;
  private final NvmeDriver driver;
  private final NvmeNamespace namespace;

  private NvmeDevice(AsyncFile file, NvmeNamespace namespace) {
    this.file = file;
    this.driver = file.worker().driver().nvme();
    this.namespace = namespace;
  }

  /**
   * Opens a device on a worker, with what the kernel says about its namespace. Any thread.
   *
   * @param worker the worker
   * @param path of the generic character device, such as {@code /dev/ng0n1}
   * @return completes with the device, which the caller closes
   */
  public static CompletionStage<NvmeDevice> open(Worker worker, String path) {
    CompletableFuture<NvmeDevice> future = new CompletableFuture<>();
    OffWorker.run("open", path, future, () -> {
      NvmeNamespace namespace;
      try {
        namespace = NvmeNamespace.of(path);
      } catch (RuntimeException refused) {
        FileCall.onWorker(worker, future, () -> future.completeExceptionally(refused));
        return;
      }
      open(worker, path, namespace).whenComplete((device, failure) -> {
        if (failure == null) {
          future.complete(device);
        } else {
          future.completeExceptionally(failure);
        }
      });
    });
    return future.minimalCompletionStage();
  }

  /**
   * Opens a device on a worker, with facts that the caller knows better. Any thread.
   *
   * @param worker the worker
   * @param path of the generic character device, such as {@code /dev/ng0n1}
   * @param namespace what it is
   * @return completes with the device, which the caller closes
   */
  public static CompletionStage<NvmeDevice> open(
      Worker worker, String path, NvmeNamespace namespace) {
    return WorkerFiles.of(worker)
        .open(path, OpenOptions.forReadingAndWriting())
        .thenApply(file -> new NvmeDevice(file, namespace));
  }

  /**
   * Reads blocks.
   *
   * @param block number of the first
   * @param blocksCount how many
   * @param into where they go
   * @param from first byte of the buffer
   * @param request hears how it ended
   */
  public void read(long block, int blocksCount, FileBuffer into, int from, NvmeRequest request) {
    checkRange(block, blocksCount);
    request.begin(this, Nvme.NVME_CMD_READ, "read", block, blocksCount, into, from);
  }

  /**
   * Writes blocks.
   *
   * @param block number of the first
   * @param blocksCount how many
   * @param what where they are
   * @param from first byte of the buffer
   * @param request hears how it ended
   */
  public void write(long block, int blocksCount, FileBuffer what, int from, NvmeRequest request) {
    checkRange(block, blocksCount);
    request.begin(this, Nvme.NVME_CMD_WRITE, "write", block, blocksCount, what, from);
  }

  /**
   * Brings to the medium what has been written.
   *
   * @param request hears how it ended
   */
  public void flush(NvmeRequest request) {
    request.begin(this, Nvme.NVME_CMD_FLUSH, "flush", 0, 0, null, 0);
  }

  /**
   * What it is a device of, as known when it was opened; a disk can be given another size
   * meanwhile.
   *
   * @return the namespace
   */
  public NvmeNamespace namespace() {
    return namespace;
  }

  /**
   * The size of a block.
   *
   * @return bytes
   */
  public int blockBytes() {
    return namespace.blockBytes();
  }

  /**
   * The path it was opened by.
   *
   * @return as it was given
   */
  public String path() {
    return file.path();
  }

  /**
   * The worker this device lives on.
   *
   * @return the worker
   */
  public Worker worker() {
    return file.worker();
  }

  /**
   * Closes the device when the commands under way have been answered. Any thread.
   *
   * @return completes when it is closed
   */
  public CompletionStage<Void> close() {
    return file.close();
  }

  AsyncFile file() {
    return file;
  }

  NvmeDriver driver() {
    return driver;
  }

  private void checkRange(long block, int blocksCount) {
    if (block < 0
        || blocksCount < 1
        || blocksCount > BLOCKS_MAX
        || (long) blocksCount * blockBytes() > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "block=" + block + " must not be negative, and blocksCount=" + blocksCount + " in 1.."
              + BLOCKS_MAX + " with less than 2 GiB");
    }
  }
}
