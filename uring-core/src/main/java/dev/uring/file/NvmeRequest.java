package dev.uring.file;

import dev.uring.base.FileException;
import dev.uring.driver.FileOperation;

/**
 * One command of an {@link NvmeDevice}, and who hears how it ended. Used again and again, so asking
 * allocates nothing.
 *
 * <h2>Ownership</h2>
 *
 * While a command is under way it holds its buffer and its device.
 *
 * <h2>Threading and cancellation</h2>
 *
 * The device's worker. A command cannot be cancelled.
 */
public abstract class NvmeRequest {
  private final Command command = new Command();

  // Invariant: device != null exactly while a command is under way.
  private NvmeDevice device;
  private FileBuffer buffer;
  private String verb;
  private long block;
  private int blocksCount;

  /** For subclasses. */
  protected NvmeRequest() {}

  /** It is done. On the worker, at the top level of its loop; may ask again. */
  protected abstract void completed();

  /**
   * It has failed.
   *
   * @param failure what was asked of which device, and why it failed
   */
  protected abstract void failed(FileException failure);

  /**
   * Whether a command is under way.
   *
   * @return {@code true} from asking until one of the callbacks is called
   */
  public final boolean isUnderWay() {
    return device != null;
  }

  final void begin(
      NvmeDevice newDevice,
      int opcode,
      String newVerb,
      long newBlock,
      int newBlocksCount,
      FileBuffer newBuffer,
      int from) {
    if (device != null) {
      throw new IllegalStateException("request is under way: " + verb + " of " + device.path());
    }
    int bytes = newBlocksCount * newDevice.blockBytes();
    newDevice.file().began();
    long address;
    try {
      address = newBuffer == null ? 0 : newBuffer.hold(from, bytes);
    } catch (RuntimeException refused) {
      newDevice.file().ended();
      throw refused;
    }
    device = newDevice;
    verb = newVerb;
    block = newBlock;
    blocksCount = newBlocksCount;
    buffer = newBuffer;
    try {
      newDevice
          .driver()
          .command(
              newDevice.file().descriptor(),
              opcode,
              newDevice.namespace().number(),
              address,
              bytes,
              newBlock,
              newBlocksCount,
              command);
    } catch (RuntimeException refused) {
      end();
      throw refused;
    }
  }

  private NvmeDevice end() {
    NvmeDevice ended = device;
    device = null;
    if (buffer != null) {
      buffer.release();
      buffer = null;
    }
    ended.file().ended();
    return ended;
  }

  private void answered(int result) {
    NvmeDevice ended = end();
    try {
      if (result == 0) {
        completed();
      } else {
        failed(
            NvmeStatus.refused(verb, ended.path(), ended.namespace(), block, blocksCount, result));
      }
    } catch (Throwable thrown) {
      ended.worker().taskFailed(thrown);
    }
  }

  private final class Command extends FileOperation {
    @Override
    protected void answered(int result) {
      NvmeRequest.this.answered(result);
    }
  }
}
