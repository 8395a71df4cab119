package dev.uring.redis

import dev.uring.UringRuntime
import dev.uring.dns.Resolver
import dev.uring.dsl.dispatcher
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.Reply
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull
import kotlin.time.Duration.Companion.seconds

/**
 * The sentinels that watch one master: whom to ask where it is, and who tells when another server has become it.
 *
 * Everything happens on worker 0, whose connections to the sentinels serve all workers.
 *
 * Source: Redis documentation, "Guidelines for Sentinel clients".
 */
internal class Sentinels(
    private val runtime: UringRuntime,
    val config: SentinelConfig,
    private val resolver: Resolver,
    private val whenSwitched: (address: String) -> Unit,
) : AutoCloseable {
    private val dispatcher = runtime.worker(0).dispatcher
    private val scope = CoroutineScope(dispatcher + SupervisorJob())

    // Asked in turn: the one that has answered stands last, for its answer may turn out to be wrong.
    private val known = ArrayList(config.addresses)
    private val clients = HashMap<String, RedisClient>()
    private val listening = HashSet<String>()
    private var present: String? = null
    private var epoch = 0L

    @Volatile
    private var isClosed = false

    /** `host:port` of the master. */
    suspend fun master(): String =
        withContext(dispatcher) {
            val address = ask { client -> masterBy(client) }
            switch(address)
            known.forEach(::listen)
            address
        }

    /** `host:port` of each replica that the sentinels think is well. */
    suspend fun replicas(): List<String> =
        withContext(dispatcher) {
            ask { client ->
                val request = client.command(REPLICAS).arg(config.masterName)
                client.execute(request, INSTANCES).filter { isWell(it["flags"].orEmpty()) }.map(::addressOf)
            }
        }

    override fun close() {
        isClosed = true
        scope.launch {
            clients.values.forEach(RedisClient::close)
            clients.clear()
            scope.cancel()
        }
    }

    private suspend fun masterBy(client: RedisClient): String? {
        val master = client.execute(client.command(MASTER).arg(config.masterName), INSTANCE)
        // Each failover has a higher number. One that has not heard of the last one would send us back.
        val told = master["config-epoch"]?.toLongOrNull() ?: 0
        if (told < epoch) return null
        epoch = told
        // What it knows of others outlives the ones that the program named.
        val others = client.execute(client.command(OTHERS).arg(config.masterName), INSTANCES).map(::addressOf)
        known += others.filter { it !in known }.take(KNOWN_MAX - known.size.coerceAtMost(KNOWN_MAX))
        return addressOf(master)
    }

    /** The first answer; [question] gives null when that sentinel's is older than what is known. */
    private suspend fun <T : Any> ask(question: suspend (RedisClient) -> T?): T {
        val said = ArrayList<String>()
        for (address in known.toList()) {
            try {
                val answer = withTimeoutOrNull(config.answerTimeout) { Answer(question(client(address))) }
                if (answer?.value != null) {
                    known.remove(address)
                    known.add(address)
                    return answer.value
                }
                val why = if (answer == null) "no answer within ${config.answerTimeout}" else OUTDATED
                said += "$address: $why"
            } catch (failure: RedisFailure) {
                said += "$address: ${failure.message?.lineSequence()?.first()}"
            }
        }
        throw RedisConnectionException(
            "no sentinel says where master '${config.masterName}' is: ${said.joinToString("; ")}.\n" +
                "  Check: redis-cli -h HOST -p PORT sentinel get-master-addr-by-name ${config.masterName}",
            wasSent = false,
        )
    }

    private class Answer<T>(
        val value: T,
    )

    private fun client(address: String): RedisClient {
        if (isClosed) throw RedisConnectionException("the client is closed", wasSent = false)
        return clients.getOrPut(address) {
            val server = RedisConfig(address, config.username, config.password, tls = config.tls)
            RedisClient(ClientCore(runtime, server, resolver, ConnectionUse(isOneOfMany = true)))
        }
    }

    private fun listen(address: String) {
        if (!listening.add(address)) return
        scope.launch {
            while (true) {
                try {
                    // What was published while nobody listened is lost: so it is asked each time that we do.
                    val sentinel = client(address)
                    sentinel.subscribe(SWITCH, onSubscribed = { lookAgain(sentinel) }).collect {
                        // `master-name old-host old-port new-host new-port`
                        if (it.payload.substringBefore(' ') == config.masterName) lookAgain(sentinel)
                    }
                } catch (_: RedisFailure) {
                    delay(RETRY_DELAY) // Gone: others tell, and it may come back.
                }
            }
        }
    }

    // Asked and not just read, for the number of the failover.
    private suspend fun lookAgain(sentinel: RedisClient) {
        withTimeoutOrNull(config.answerTimeout) { masterBy(sentinel) }?.let(::switch)
    }

    private fun switch(address: String) {
        val before = present
        present = address
        if (before != null && before != address) whenSwitched(address)
    }

    companion object {
        private val MASTER = Command.of("SENTINEL MASTER", Command.READONLY or Command.IDEMPOTENT)
        private val REPLICAS = Command.of("SENTINEL REPLICAS", Command.READONLY or Command.IDEMPOTENT)
        private val OTHERS = Command.of("SENTINEL SENTINELS", Command.READONLY or Command.IDEMPOTENT)
        private const val SWITCH = "+switch-master"
        private const val OUTDATED = "has not heard of the last failover"
        private val RETRY_DELAY = 1.seconds

        // Many more than anybody runs; each has a connection.
        private const val KNOWN_MAX = 32
        private val INSTANCE: Reply<Map<String, String>> = Reply.map(Reply.STRING, Reply.STRING)
        private val INSTANCES: Reply<List<Map<String, String>>> = Reply.list(INSTANCE)

        private fun addressOf(instance: Map<String, String>) =
            hostAndPort(instance["ip"].orEmpty(), instance["port"].orEmpty())

        private fun isWell(flags: String) =
            flags.split(',').none {
                it == "s_down" || it == "o_down" ||
                    it == "disconnected"
            }
    }
}

/** As addresses are written: IPv6 in brackets. */
internal fun hostAndPort(
    host: String,
    port: String,
): String = if (':' in host && !host.startsWith('[')) "[$host]:$port" else "$host:$port"
