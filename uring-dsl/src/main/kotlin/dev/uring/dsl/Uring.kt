package dev.uring.dsl

import dev.uring.RuntimeConfig
import dev.uring.UringRuntime
import dev.uring.dns.ResolverConfig
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.future.await
import kotlinx.coroutines.withContext
import kotlin.coroutines.CoroutineContext

/**
 * Starts the workers, runs [block] on worker 0 and suspends until all that it started has ended.
 *
 * ### Shapes and units
 * A [block] that opens servers keeps this suspended until they are closed: by [UringScope.shutdown], by SIGTERM or
 * SIGINT, or one by one. A block that opened none returns when its coroutines have completed. [resolver] says who is
 * asked for names.
 * ### Ownership
 * Owns the runtime, and through it all threads, descriptors and buffers. None is left when this returns or throws.
 * ### Threading and cancellation
 * Does not block the caller's thread, except for the start of the workers (a few milliseconds). Cancelling the caller
 * cancels all coroutines, handlers among them, without a drain phase: their connections are reset.
 * ### Errors
 * [RingSetupException][dev.uring.base.RingSetupException] no io_uring here, and why. An exception of [block], or of a
 * coroutine that it launched, cancels the others and is rethrown when everything is closed. Handlers' exceptions are
 * not among these: see [UringScope.tcp].
 *
 * @sample samples.dsl.echo
 */
public suspend fun uring(
    config: RuntimeConfig = RuntimeConfig.defaults(),
    resolver: ResolverConfig = ResolverConfig.system(),
    block: suspend UringScope.() -> Unit,
) {
    // The core's own answer to a signal would stop the workers under coroutines that are still ending; the hook below
    // does not.
    val runtime = UringRuntime.start(config.toBuilder().shutdownOnSignal(false).build())
    val hook = ShutdownHook(runtime)
    var failure: Throwable? = null
    try {
        withContext(runtime.worker(0).dispatcher) { RunningScope.run(runtime, resolver, hook::install, block) }
    } catch (thrown: Throwable) {
        failure = thrown
    }
    // A caller without a dispatcher (`suspend fun main`) goes on where this ends: on IO, not on a worker that has
    // stopped.
    withContext(NonCancellable + runtime.besidesWorkers()) {
        runtime.shutdown()
        runtime.termination().await()
    }
    hook.remove()
    failure?.let { throw it }
}

/**
 * [uring] with a configuration written in place: `uring(configure = { workersCount(2) }) { … }`.
 *
 * @sample samples.dsl.configured
 */
public suspend fun uring(
    configure: RuntimeConfig.Builder.() -> Unit,
    resolver: ResolverConfig = ResolverConfig.system(),
    block: suspend UringScope.() -> Unit,
): Unit = uring(RuntimeConfig.builder().apply(configure).build(), resolver, block)

private fun UringRuntime.besidesWorkers(): CoroutineContext =
    config().machine()?.sideThreads()?.asCoroutineDispatcher() ?: Dispatchers.IO
