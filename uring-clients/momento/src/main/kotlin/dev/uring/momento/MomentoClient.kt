package dev.uring.momento

import dev.uring.UringRuntime
import dev.uring.dns.Resolver
import dev.uring.dsl.UringScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

/**
 * A client of Momento's cache service, for coroutines.
 *
 * ### Shapes and units
 * [cache] gives access to one cache. Every worker has one connection that all of its coroutines share, or as many as
 * [MomentoConfig.connectionsPerWorker] says: what they send in one turn of the loop leaves together, and each reply resumes
 * the one that asked, in whatever order the server answers.
 * ### Ownership
 * Owns its connections, which are opened when they are first needed. [close] it, or leave that to the end of the runtime.
 * ### Threading and cancellation
 * For any coroutine. On a worker of the runtime a command runs right there; from elsewhere it goes to a worker and comes
 * back. Cancelling sends the server a Cancel for the command; a reply that was under way already is dropped when it comes,
 * because it has the number of a command that nobody waits for.
 * ### Errors
 * [MomentoException] the server refuses, with its status · [MomentoConnectionException] · [MomentoTimeoutException] ·
 * [MomentoOverloadException].
 *
 * @sample samples.momento.visits
 */
public class MomentoClient internal constructor(
    internal val core: MomentoCore,
) : AutoCloseable {
    /**
     * A client that connects when it is first used. May read the system's certificate authorities: not on a worker, where
     * [momento] does it elsewhere.
     */
    public constructor(runtime: UringRuntime, config: MomentoConfig) :
        this(MomentoCore(runtime, config, Resolver.of(runtime)))

    /** How it was made. */
    public val config: MomentoConfig get() = core.config

    /** The cache called [name]; nothing is asked of the server yet. */
    public fun cache(name: String): MomentoCache = MomentoCache(core, name)

    /** What was counted so far. Any thread; nothing stops for it. */
    public fun snapshot(): MomentoSnapshot = core.snapshot()

    /**
     * Takes no more commands, and closes the connections when those in flight are answered, at the latest after
     * [MomentoConfig.commandTimeout]. Returns at once; repeated calls do nothing.
     */
    override fun close(): Unit = core.close()

    override fun toString(): String = "MomentoClient(${config.credential.address})"
}

/**
 * A client with [config], whose names are looked up as those of this scope are. Connects when it is first used.
 *
 * ### Ownership
 * The caller closes the client; what is left open ends with the runtime.
 *
 * @sample samples.momento.visits
 */
public suspend fun UringScope.momento(config: MomentoConfig): MomentoClient =
    withContext(Dispatchers.IO) { MomentoClient(MomentoCore(runtime, config, resolver)) }
