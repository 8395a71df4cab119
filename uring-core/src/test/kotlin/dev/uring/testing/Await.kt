package dev.uring.testing

import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit

internal const val PATIENCE_SECONDS = 20L

/** Waits until [condition] holds; fails with [describe] when that takes longer than a healthy machine could. */
internal fun await(
    describe: () -> String = { "condition not met" },
    condition: () -> Boolean,
) {
    val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS)
    while (!condition()) {
        check(System.nanoTime() < deadline) { "after $PATIENCE_SECONDS s: ${describe()}" }
        Thread.sleep(1)
    }
}

/** Waits for a latch as [await] does for a condition. */
internal fun CountDownLatch.awaitDone(what: String) {
    check(await(PATIENCE_SECONDS, TimeUnit.SECONDS)) { "after $PATIENCE_SECONDS s: $what, count=$count" }
}
