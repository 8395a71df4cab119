package dev.uring.dns

import dev.uring.UringRuntime
import dev.uring.dns.NameResolutionException.Kind
import dev.uring.dsl.dispatcher
import dev.uring.worker.Worker
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.sync.Semaphore
import kotlinx.coroutines.sync.withPermit
import kotlinx.coroutines.withTimeoutOrNull
import java.net.InetAddress

/**
 * What one worker knows of names, and the questions that it has under way. Nothing in it is shared with another worker.
 *
 * Thread: the worker.
 */
internal class WorkerResolver(
    private val runtime: UringRuntime,
    private val worker: Worker,
    private val config: ResolverConfig,
    job: Job,
    nanoTime: () -> Long,
) {
    private val scope = CoroutineScope(job + worker.dispatcher)
    private val source = SettingsSource(runtime, config, scope, nanoTime)
    private val cache = AnswerCache(config, nanoTime)
    private val underWay = HashMap<Question, UnderWay>()
    private val permits = Semaphore(config.inFlightMax)
    private val exchange by lazy(LazyThreadSafetyMode.NONE) {
        Exchange(runtime, worker, config, counters, source.random, scope)
    }
    private var turn = 0
    private var settings: Settings? = null

    val counters = ResolverCounters()

    /** A question that is being asked. The answer is for all who wait, and is not asked for once nobody does. */
    private class UnderWay(
        val question: Question,
        val outcome: Deferred<Outcome>,
    ) {
        var waitersCount = 0
    }

    suspend fun addresses(
        host: String,
        family: AddressFamily,
    ): List<InetAddress> {
        literalOrNull(host)?.let { return listOf(it) }
        val name = HostName.parseOrNull(host) ?: throw NameResolutionException(Kind.BAD_NAME, host, emptyList())
        if (name.isLocalhost) return LOOPBACK.filter(family::holds)
        val settings = presentSettings()
        settings.hosts(name.text).filter(family::holds).let { if (it.isNotEmpty()) return interleaved(it) }
        val records =
            firstOf(host, name.candidates(settings.search, settings.ndots)) { candidate ->
                when (family) {
                    AddressFamily.EITHER -> bothFamilies(candidate, settings)
                    AddressFamily.IPV4 -> ask(Question(candidate, RecordType.A), settings)
                    AddressFamily.IPV6 -> ask(Question(candidate, RecordType.AAAA), settings)
                }
            }
        // With the name in it: asked for its name, an InetAddress without one would ask a server, and block.
        return interleaved(records.map { InetAddress.getByAddress(host, (it as AnswerRecord.Address).address.address) })
    }

    suspend fun services(service: String): List<ServiceRecord> {
        val name = HostName.parseOrNull(service) ?: throw NameResolutionException(Kind.BAD_NAME, service, emptyList())
        val settings = presentSettings()
        val records =
            firstOf(service, name.candidates(settings.search, settings.ndots)) {
                ask(Question(it, RecordType.SRV), settings)
            }
        // RFC 2782, "Target": the root says that the service is decidedly not available here.
        val services = records.map { (it as AnswerRecord.Service).service }.filter { it.host.isNotEmpty() }
        if (services.isEmpty()) throw NameResolutionException(Kind.NO_ADDRESS, service, emptyList(), NO_SERVICE)
        return drawOrder(services, source.random::nextInt)
    }

    private suspend fun presentSettings(): Settings {
        val present = source.get()
        // Other servers may give other answers: inside a company's network, for one.
        if (present !== settings) cache.clear()
        settings = present
        return present
    }

    /** The records of the first candidate that has some. */
    private suspend fun firstOf(
        asGiven: String,
        candidates: List<String>,
        ask: suspend (String) -> Outcome,
    ): List<AnswerRecord> {
        val answers = mutableListOf<ServerAnswer>()
        var kind = Kind.NOT_FOUND
        for (candidate in candidates) {
            when (val outcome = ask(candidate)) {
                is Outcome.Found -> {
                    return outcome.records
                }

                is Outcome.Absent -> {
                    answers += outcome.answers
                    if (outcome.kind == Kind.NO_ADDRESS) kind = Kind.NO_ADDRESS
                }

                // Not on to the next: a server that fails for a moment must not lead us to another host of a like name.
                is Outcome.Failed -> {
                    throw NameResolutionException(outcome.kind, asGiven, answers + outcome.answers, outcome.detail)
                }
            }
        }
        throw NameResolutionException(kind, asGiven, answers)
    }

    /** RFC 8305 §3: both at the same time; the IPv6 addresses may be a little late. */
    private suspend fun bothFamilies(
        name: String,
        settings: Settings,
    ): Outcome {
        val v6 = begin(Question(name, RecordType.AAAA), settings)
        val v4 = begin(Question(name, RecordType.A), settings)
        try {
            val found4 = v4.outcome.await()
            if (found4 !is Outcome.Found) return either(found4, v6.outcome.await())
            val found6 = withTimeoutOrNull(config.resolutionDelay) { v6.outcome.await() }
            // A late answer is still for the cache: one more waits for it, who never leaves.
            if (found6 == null) v6.waitersCount++
            return either(found4, found6)
        } finally {
            leave(v6)
            leave(v4)
        }
    }

    private fun either(
        v4: Outcome,
        v6: Outcome?,
    ): Outcome =
        when {
            v4 is Outcome.Found && v6 is Outcome.Found -> {
                Outcome.Found(v6.records + v4.records)
            }

            v4 is Outcome.Found -> {
                v4
            }

            v6 is Outcome.Found -> {
                v6
            }

            v4 is Outcome.Failed -> {
                v4
            }

            v6 is Outcome.Failed -> {
                v6
            }

            v4 is Outcome.Absent && v6 is Outcome.Absent -> {
                Outcome.Absent(
                    v4.kind,
                    (v4.answers + v6.answers).distinct(),
                )
            }

            else -> {
                v4
            }
        }

    private suspend fun ask(
        question: Question,
        settings: Settings,
    ): Outcome {
        val asking = begin(question, settings)
        try {
            return asking.outcome.await()
        } finally {
            leave(asking)
        }
    }

    private fun begin(
        question: Question,
        settings: Settings,
    ): UnderWay {
        val known = cache[question]
        counters.cachedAnswers = cache.size
        val asking =
            when {
                known != null -> {
                    counters.cacheHits++
                    UnderWay(question, CompletableDeferred(known))
                }

                else -> {
                    underWay[question]?.also { counters.coalesced++ } ?: start(question, settings)
                }
            }
        asking.waitersCount++
        return asking
    }

    private fun leave(asking: UnderWay) {
        if (--asking.waitersCount > 0) return
        // Forgotten at once: who asks next must not find one that is being cancelled.
        underWay.remove(asking.question, asking)
        asking.outcome.cancel()
    }

    private fun start(
        question: Question,
        settings: Settings,
    ): UnderWay {
        lateinit var asking: UnderWay
        val first = if (settings.rotate) Math.floorMod(turn++, settings.servers.size) else 0
        val outcome =
            scope.async {
                try {
                    permits.withPermit { lookUp(question, Lookup(exchange, settings, first)) }
                } finally {
                    // Whoever asks from now on has the cache, or begins anew.
                    underWay.remove(question, asking)
                }
            }
        asking = UnderWay(question, outcome)
        underWay[question] = asking
        return asking
    }

    private suspend fun lookUp(
        question: Question,
        lookup: Lookup,
    ): Outcome {
        val outcome =
            withTimeoutOrNull(config.lookupTimeout) { lookup.run(question) }
                ?: return Outcome.Failed(
                    Kind.TIMEOUT,
                    lookup.asked,
                    "the servers together took longer than lookupTimeout=${config.lookupTimeout}",
                )
        cache.put(question, outcome, lookup.keepSeconds)
        counters.cachedAnswers = cache.size
        return outcome
    }

    private companion object {
        const val NO_SERVICE = "the service is said to be available nowhere (its record's target is the root)"

        val LOOPBACK: List<InetAddress> = listOf("::1", "127.0.0.1").map { InetAddress.ofLiteral(it) }

        fun literalOrNull(host: String): InetAddress? =
            addressOrNull(if (host.startsWith('[') && host.endsWith(']')) host.substring(1, host.length - 1) else host)
    }
}
