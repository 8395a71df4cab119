package dev.uring.file;

import dev.uring.abi.Nvme;
import dev.uring.driver.NvmeDriver;
import dev.uring.worker.Worker;
import java.util.concurrent.CompletionStage;

/**
 * A namespace of an NVMe disk, read and written by its blocks with no file system and no block
 * layer in between.
 *
 * <h2>Shapes and units</h2>
 *
 * Blocks of {@link #blockBytes} bytes, numbered from 0. At most {@link #BLOCKS_MAX} of them for
 * each command; a controller may allow fewer (its MDTS) and then says "invalid field".
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
  private final int namespace;
  private final int blockBytes;

  private NvmeDevice(AsyncFile file, int namespace, int blockBytes) {
    this.file = file;
    this.driver = file.worker().driver().nvme();
    this.namespace = namespace;
    this.blockBytes = blockBytes;
  }

  /**
   * Opens a device on a worker. Any thread.
   *
   * @param worker the worker
   * @param path of the generic character device, such as {@code /dev/ng0n1}
   * @param namespace the namespace's number: 1 in that name
   * @param blockBytes size of its blocks, as {@code /sys/block/nvme0n1/queue/logical_block_size}
   *     says
   * @return completes with the device, which the caller closes
   */
  public static CompletionStage<NvmeDevice> open(
      Worker worker, String path, int namespace, int blockBytes) {
    if (Integer.bitCount(blockBytes) != 1 || blockBytes > 1 << 16 || namespace < 1) {
      throw new IllegalArgumentException("namespace=" + namespace
          + " must be 1 or more, blockBytes=" + blockBytes + " a power of two up to 65536");
    }
    return WorkerFiles.of(worker)
        .open(path, OpenOptions.forReadingAndWriting())
        .thenApply(file -> new NvmeDevice(file, namespace, blockBytes));
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
   * The size of a block.
   *
   * @return bytes
   */
  public int blockBytes() {
    return blockBytes;
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

  int namespace() {
    return namespace;
  }

  private void checkRange(long block, int blocksCount) {
    if (block < 0
        || blocksCount < 1
        || blocksCount > BLOCKS_MAX
        || (long) blocksCount * blockBytes > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "block=" + block + " must not be negative, and blocksCount=" + blocksCount + " in 1.."
              + BLOCKS_MAX + " with less than 2 GiB");
    }
  }
}
