package dev.uring.driver;

import dev.uring.abi.Socket;
import dev.uring.base.UringException;
import dev.uring.ring.CompletionQueue;
import dev.uring.ring.Ring;
import dev.uring.ring.RingOptions;
import dev.uring.ring.Sqe;

/**
 * NVMe commands on a ring of their own, because they need entries of twice the size, which would
 * double the memory of a ring that is for everything else.
 *
 * <p>The worker waits on its first ring alone: that one polls the second, which is entered when it
 * has something to tell, and at the end of a turn that asked for commands. The second ring is made
 * when the first command is asked for.
 *
 * <p><i>Thread:</i> the driver's.
 */
final class UringNvme implements NvmeDriver {
  // Commands between two turns; a turn that asks for more pays one more call for each 256. A disk's
  // queue holds fewer.
  private static final int ENTRIES = 256;
  private static final int SLOTS_INITIAL = 256;

  private final UringDriver driver;
  private final OperationTable table = new OperationTable(SLOTS_INITIAL);
  private final Watch watch = new Watch();
  private Ring ring;
  private boolean isClosing;

  UringNvme(UringDriver driver) {
    this.driver = driver;
  }

  @Override
  public void command(
      int device,
      int opcode,
      int namespace,
      long address,
      int bytes,
      long block,
      int blocksCount,
      FileOperation operation) {
    if (isClosing) {
      throw new UringException("the worker is stopping and sends no more commands");
    }
    if (ring == null) {
      start();
    }
    Sqe sqe = ring.sq().next();
    if (sqe == null) {
      ring.enter(0, 0);
      sqe = ring.sq().next();
      if (sqe == null) {
        throw new UringException("command queue stays full: entries=" + ENTRIES);
      }
    }
    sqe.prepNvmeCommand(
            device, opcode, namespace, address, bytes, block, Math.max(0, blocksCount - 1))
        .userData(table.begin(operation));
  }

  /** Hands over what was asked for; before the worker waits. */
  void submit() {
    if (ring != null && ring.sq().pending() > 0) {
      ring.enter(0, 0);
    }
  }

  boolean hasAnswers() {
    return ring != null && ring.cq().ready() > 0;
  }

  void deliver() {
    if (hasAnswers()) {
      reap();
    }
  }

  boolean isIdle() {
    return table.underWayCount() == 0;
  }

  /** Waits a while for answers, delivers them and takes no more commands. */
  void finish(long nanos) {
    isClosing = true;
    if (ring != null && !isIdle()) {
      ring.enter(1, nanos);
      reap();
    }
  }

  void close() {
    if (ring != null) {
      ring.close();
    }
  }

  private void start() {
    ring = Ring.createForCommands(RingOptions.ofSqEntries(ENTRIES));
    ring.enable();
    watch();
  }

  private void watch() {
    driver.next().prepPollMultishot(ring.fd(), Socket.POLLIN).userData(driver.table.begin(watch));
  }

  private void reap() {
    CompletionQueue cq = ring.cq();
    for (int left = cq.ready(); left > 0; left--) {
      Operation operation = table.find(cq.userData(0));
      int result = cq.result(0);
      cq.advance(1);
      if (operation != null) {
        table.end(operation);
        operation.completed(result, Driver.NO_BUFFER, true);
      }
    }
  }

  private final class Watch extends Operation {
    @Override
    protected void completed(int result, int bufferId, boolean isLast) {
      if (isClosing) {
        return;
      }
      // The kernel runs completion work of this ring inside our own enter only.
      ring.enter(0, 0);
      reap();
      if (isLast) {
        watch();
      }
    }
  }
}
