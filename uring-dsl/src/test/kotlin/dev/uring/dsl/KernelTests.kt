package dev.uring.dsl

import dev.uring.RuntimeConfig
import dev.uring.dns.ResolverConfig
import io.kotest.core.spec.style.FunSpec
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.ThreadContextElement
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.withContext
import java.net.InetSocketAddress
import java.net.SocketAddress
import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext

/** Two workers that share the CPUs with the test's own clients. */
internal fun RuntimeConfig.Builder.forTests(): RuntimeConfig.Builder = workersCount(2).pinWorkers(false)

/**
 * Serves [handler] on a port of its own, runs [client] off the workers (it may block), and shuts down in order. A
 * failure of [client] fails the test.
 */
internal suspend fun withServer(
    handler: suspend (Connection) -> Unit,
    configure: RuntimeConfig.Builder.() -> Unit = {},
    onError: (Connection, Throwable) -> Unit = FailureLog,
    client: suspend UringScope.(Server) -> Unit,
) = testUring(configure) {
    val server = tcp("127.0.0.1:0", onError) { handler(it) }
    withContext(Dispatchers.IO) { client(server) }
    shutdown()
}

/**
 * [uring] as a program calls it: without the thread context elements that a test framework puts into the context of its
 * tests, under which every resume would be a dispatch.
 */
internal suspend fun testUring(
    configure: RuntimeConfig.Builder.() -> Unit = {},
    resolver: ResolverConfig = ResolverConfig.system(),
    block: suspend UringScope.() -> Unit,
) {
    val context =
        currentCoroutineContext().fold<CoroutineContext>(EmptyCoroutineContext) { kept, element ->
            if (element is ThreadContextElement<*> || element is ContinuationInterceptor ||
                element is Job
            ) {
                kept
            } else {
                kept + element
            }
        }
    val running =
        CoroutineScope(context).async {
            uring(configure = {
                forTests()
                configure()
            }, resolver, block)
        }
    try {
        running.await()
    } finally {
        withContext(NonCancellable) { running.cancelAndJoin() }
    }
}

internal val SocketAddress.port: Int get() = (this as InetSocketAddress).port

internal fun Server.connect() = Peer(localAddress)

/** Coroutines of connections that have not ended. */
internal val Server.handlersActive: Int get() =
    connections.job.children
        .count()

/** The seed of a random test, new each time; prints how to have the same run again. */
internal fun FunSpec.newSeed(): Long {
    val seed = System.getProperty("uring.test.seed")?.toLong() ?: System.nanoTime()
    println(
        "seed=$seed; again with: mvn -pl uring-dsl -am test -Dtest=${this::class.simpleName} -During.test.seed=$seed",
    )
    return seed
}
