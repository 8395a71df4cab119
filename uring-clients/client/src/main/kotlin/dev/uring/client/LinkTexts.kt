package dev.uring.client

import kotlin.time.Duration.Companion.nanoseconds

/** What a [Link] says when something goes wrong, in the exceptions of its protocol. */
internal class LinkTexts<R>(
    private val link: Link<R>,
    side: WorkerSide<R>,
) {
    private val config = side.links
    private val failures = side.failures

    fun closed(): Exception = failures.disconnected("the client is closed", wasSent = false)

    fun closed(request: Request<R>): Exception =
        failures.disconnected("${request.name}: the client is closed", wasSent = false)

    fun noGreeting(): Exception =
        failures.disconnected("no greeting within ${config.connectTimeout} from ${config.address}", wasSent = false)

    fun ended(): Exception = failures.disconnected("${config.address} has closed the connection", wasSent = true)

    fun givenUp(): Exception = failures.disconnected("its request was given up", wasSent = true)

    fun unreachable(cause: Throwable): Exception =
        failures.disconnected(cause.message.orEmpty(), wasSent = false, cause)

    fun lost(
        request: Request<R>,
        why: Throwable?,
    ): Exception =
        failures.disconnected(
            "${request.name}: the connection to ${config.address} was lost after it was sent: it may or may not have " +
                "had its effect.\n  Cause: ${why?.message ?: "the client was closed"}",
            wasSent = true,
            why,
        )

    fun outdated(request: Request<R>): Exception =
        failures.disconnected(
            "${request.name}: the connection to ${config.address} that watched its keys was lost; nothing was executed",
            wasSent = false,
            link.lastFailure,
        )

    fun fault(text: String): Exception =
        failures.disconnected(
            "${config.address} does not speak ${failures.protocol} as it should: $text.\n" +
                "  Likely cause: another server listens there, or a proxy changes what passes.",
            wasSent = true,
        )

    fun overload(request: Request<R>): Exception =
        failures.overloaded(
            "${request.name}: maxWaiting=${config.maxWaiting} commands wait for ${config.address} already" +
                (if (link.isReady) ", behind maxInFlight=${config.maxInFlight}" else ", which is not connected") +
                ".\n  Start fewer coroutines at a time, or raise the bound.",
        )

    fun expired(
        request: Request<R>,
        wasSent: Boolean,
    ): Exception {
        val failure = link.lastFailure
        val detail =
            when {
                wasSent -> ": the server at ${config.address} has not answered; its reply will be dropped."
                link.isReady -> ": ${expected()} commands before it wait for replies (maxInFlight)."
                failure != null -> ".\n  Cause: no connection to ${config.address}: ${failure.message}"
                else -> ": no connection to ${config.address} yet."
            }
        return failures.timedOut(request.name, request.timeoutNanos.nanoseconds, wasSent, detail)
    }

    private fun expected() = link.session?.repliesExpected() ?: 0
}
