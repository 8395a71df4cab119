package dev.uring.redis

import dev.uring.worker.Worker
import java.util.concurrent.CompletionStage
import java.util.concurrent.ExecutionException

/**
 * Waits for what Java's clients give, on threads that may be blocked: virtual ones, or any that is no worker. Every command
 * in this form: [RedisBlockingCommands][dev.uring.redis.commands.RedisBlockingCommands].
 */
public object RedisBlocking {
    /**
     * The value of [stage], when it is there.
     *
     * ### Threading and cancellation
     * Blocks the calling thread. Interrupted, it stops waiting; what was sent is executed.
     * ### Errors
     * What the stage failed with, itself: a [RedisFailure] most often · `IllegalStateException` on a worker, which would wait
     * for itself.
     */
    @JvmStatic
    @Throws(InterruptedException::class)
    public fun <T> await(stage: CompletionStage<T>): T {
        check(Worker.current() == null) {
            "RedisBlocking.await on a worker would hold up all of its connections: use thenApply, or a thread of your own"
        }
        try {
            return stage.toCompletableFuture().get()
        } catch (failed: ExecutionException) {
            throw failed.cause ?: failed
        }
    }

    /** As [await], for callers that do not declare the interruption: it is a [RedisInterruptedException], and still noted. */
    @JvmStatic
    public fun <T> result(stage: CompletionStage<T>): T =
        try {
            await(stage)
        } catch (interruption: InterruptedException) {
            Thread.currentThread().interrupt()
            throw RedisInterruptedException(interruption)
        }
}
