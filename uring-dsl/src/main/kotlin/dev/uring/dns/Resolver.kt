package dev.uring.dns

import dev.uring.UringRuntime
import dev.uring.base.TimeSource
import dev.uring.dsl.WorkerDispatcher
import dev.uring.dsl.dispatcher
import dev.uring.worker.Worker
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.future.future
import kotlinx.coroutines.withContext
import java.net.InetAddress
import java.util.concurrent.CompletionStage
import java.util.concurrent.atomic.AtomicReferenceArray
import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.coroutineContext

/**
 * Finds the addresses of names without ever blocking a worker.
 *
 * ### Shapes and units
 * IP literals, `localhost` and the names of the hosts file cost no question. Others are asked for as [ResolverConfig]
 * and its files say: search list, several servers, repetition; over UDP with EDNS0, over TCP what does not fit, or over
 * TLS alone. Answers, also that there is none, are kept for their TTL within bounds, and what is being asked for already
 * is not asked again.
 * ### Ownership
 * That of a [dev.uring.dsl.UringScope] ends with it: questions under way are cancelled when its coroutines have ended.
 * One that was made with [of] ends with its runtime. A question has a socket of its own until it is answered.
 * ### Threading and cancellation
 * Any thread. Each worker has its own cache and its own questions, and shares nothing. Cancelling one who waits does
 * not disturb others who wait for the same; when nobody is left the question is given up.
 * ### Errors
 * [NameResolutionException] with its kind, whom we asked, and what each said · `CancellationException` the resolver's
 * scope or runtime has ended. Answers that are none are passed over and counted in [stats].
 * ### Source
 * RFC 1034, 1035, 2308, 2782, 5452, 6761, 6891, 7766, 7858, 8305; resolv.conf(5).
 *
 * @sample samples.dsl.findAddresses
 */
public class Resolver internal constructor(
    private val runtime: UringRuntime,
    /** Whom it asks, how long, and what it keeps. */
    public val config: ResolverConfig,
    private val nanoTime: () -> Long = TimeSource.present()::nanoTime,
) {
    private val job = SupervisorJob()

    // Written once each, by their workers; an atomic array because others read the counters.
    private val states = AtomicReferenceArray<WorkerResolver>(runtime.workersCount())

    init {
        runtime.termination().whenComplete { _, _ -> job.cancel() }
    }

    /**
     * The addresses of [host], in the order in which to try them.
     *
     * ### Shapes and units
     * [host] is a name, with a dot at its end if nothing is to be added to it, or an IP address, also in brackets. At
     * least one address and at most [ResolverConfig.RECORDS_MAX] of each version, IPv6 and IPv4 by turns; each knows the
     * name, so that asking it for its name asks nobody.
     * ### Threading and cancellation
     * Suspends for at most [ResolverConfig.lookupTimeout] for each name of the search list, and returns at once what is
     * in the cache.
     * ### Errors
     * [NameResolutionException].
     * ### Source
     * RFC 8305 §3 and §4.
     *
     * @sample samples.dsl.findAddresses
     */
    public suspend fun resolve(
        host: String,
        family: AddressFamily = AddressFamily.EITHER,
    ): List<InetAddress> = onWorkerFor(host) { it.addresses(host, family) }

    /**
     * Where the service [name] is to be had, in the order in which to try them.
     *
     * ### Shapes and units
     * [name] is such as `_redis._tcp.example.org`. By priority; within one priority drawn anew at each call by weight.
     * ### Threading and cancellation
     * As [resolve].
     * ### Errors
     * [NameResolutionException]: [NO_ADDRESS][NameResolutionException.Kind.NO_ADDRESS] also when the domain says that it
     * does not have the service.
     * ### Source
     * RFC 2782.
     *
     * @sample samples.dsl.findService
     */
    public suspend fun services(name: String): List<ServiceRecord> = onWorkerFor(name) { it.services(name) }

    /** [resolve] for Java: completed on a worker, which the stages that follow must not block. */
    @JvmOverloads
    public fun resolveAsync(
        host: String,
        family: AddressFamily = AddressFamily.EITHER,
    ): CompletionStage<List<InetAddress>> = CoroutineScope(job).future { resolve(host, family) }

    /** [services] for Java; as [resolveAsync]. */
    public fun servicesAsync(name: String): CompletionStage<List<ServiceRecord>> =
        CoroutineScope(job).future { services(name) }

    /** What all workers have counted. Any thread. */
    public fun stats(): ResolverStats {
        val counters = List(states.length()) { states[it]?.counters }.filterNotNull()
        return ResolverStats(
            queries = counters.sumOf { it.queries },
            cacheHits = counters.sumOf { it.cacheHits },
            coalesced = counters.sumOf { it.coalesced },
            timeouts = counters.sumOf { it.timeouts },
            truncated = counters.sumOf { it.truncated },
            tlsConnections = counters.sumOf { it.tlsConnections },
            ignoredAnswers = counters.sumOf { it.ignoredAnswers },
            cachedAnswers = counters.sumOf { it.cachedAnswers },
        )
    }

    /** Gives up what is under way and waits until its sockets are closed. */
    internal suspend fun end(): Unit = job.cancelAndJoin()

    // A caller on a worker has that worker's cache. For others the name decides, so that it is in one cache only.
    private suspend fun <T> onWorkerFor(
        name: String,
        ask: suspend (WorkerResolver) -> T,
    ): T {
        val current = (coroutineContext[ContinuationInterceptor] as? WorkerDispatcher)?.worker?.takeIf(::isOurs)
        if (current != null && current.isCurrent) return ask(stateOf(current))
        val worker = current ?: runtime.worker(Math.floorMod(name.hashCode(), runtime.workersCount()))
        return withContext(worker.dispatcher) { ask(stateOf(worker)) }
    }

    private fun isOurs(worker: Worker): Boolean =
        worker.index() < runtime.workersCount() && runtime.worker(worker.index()) === worker

    // On the worker, and so never for one worker twice.
    private fun stateOf(worker: Worker): WorkerResolver =
        states[worker.index()]
            ?: WorkerResolver(runtime, worker, config, job, nanoTime).also { states[worker.index()] = it }

    override fun toString(): String = "Resolver(${stats()})"

    /** Where resolvers come from. */
    public companion object {
        /** A resolver for a program that has a runtime and no [dev.uring.dsl.uring] block. */
        @JvmStatic
        @JvmOverloads
        public fun of(
            runtime: UringRuntime,
            config: ResolverConfig = ResolverConfig.system(),
        ): Resolver = Resolver(runtime, config)
    }
}
