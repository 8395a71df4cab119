package dev.uring.file;

import dev.uring.base.FileException;

/**
 * Hears what happens to a path.
 *
 * <h2>Threading and cancellation</h2>
 *
 * On the watch's worker, from the top level of its loop; must not block.
 *
 * <h2>Errors</h2>
 *
 * What it throws is logged and counted; the watch goes on.
 */
public interface FileWatchListener {
  /**
   * Something has happened.
   *
   * @param watch of which path
   * @param event what
   */
  void onEvent(FileWatch watch, FileEvent event);

  /**
   * Nothing more will come. Called once, last.
   *
   * @param watch the watch, closed
   * @param failure null when it was closed or the path is gone
   */
  default void onEnd(FileWatch watch, FileException failure) {}
}
