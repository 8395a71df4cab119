package dev.uring.process;

import dev.uring.base.ProcessException;
import dev.uring.bytes.ByteView;

/**
 * What a program does with what a child writes.
 *
 * <h2>Threading and cancellation</h2>
 *
 * On the pipe's worker, from the top level of its loop; must not block.
 *
 * <h2>Errors</h2>
 *
 * What a method throws is logged and counted by the worker, and closes the pipe.
 */
@FunctionalInterface
public interface PipeHandler {
  /**
   * Bytes have come.
   *
   * @param pipe where from
   * @param bytes everything that is unconsumed, lent for the call
   * @return how many of them are done with, from the front; the rest is offered again with more
   */
  int onReceive(PipeReader pipe, ByteView bytes);

  /**
   * Nothing more will come. Called once, unless the pipe is closed here before.
   *
   * @param pipe the pipe; what is unconsumed can still be taken
   * @param failure null at the end of the child's output
   */
  default void onEnd(PipeReader pipe, ProcessException failure) {}
}
