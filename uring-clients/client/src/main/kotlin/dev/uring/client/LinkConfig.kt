package dev.uring.client

import dev.uring.base.ConfigException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/**
 * How a [Link] connects and what it may hold. A protocol's own configuration becomes one of these; the names are those that
 * messages use.
 *
 * @property address what messages call the server; the [Dialer] knows how to get there
 * @property connectTimeout for the greeting; the [Dialer] has a time of its own for the peer's answer. Default 5 s.
 * @property commandTimeout from the call to the reply, the wait for a connection included; `Duration.INFINITE` has none.
 * Default 10 s: an ordinary command takes microseconds, and the longest reasonable one still ends.
 * @property maxInFlight most commands on one connection without a reply; more wait. Default 4096: what a connection can
 * usefully have under way, and 4096 replies of 1 KiB are 4 MiB. Cost: 8 bytes for each.
 * @property maxWaiting most commands that may wait for a connection or its room; more fail. Default 65536. Cost: the bytes
 * of each command.
 * @property blockingConnectionsMax most connections of one worker for one user at a time; more users wait. Default 64.
 * @property reconnectDelayMin pause before the second attempt to connect, doubled each time, with jitter
 * @property reconnectDelayMax bound of the doubling
 * @property pingInterval a connection without a byte for so long is asked; without an answer for as long again it is given
 * up. `Duration.INFINITE` asks never. Default 30 s: a dead peer is noticed within a minute.
 * @property waitsForServer whether commands go on waiting, up to their time, when a server that was there before cannot be
 * connected. Default true; false where somebody else may answer: commands then fail with the attempt to connect, and those
 * that come in the pause after it fail at once, with its reason
 */
public data class LinkConfig(
    val address: String,
    val connectTimeout: Duration = 5.seconds,
    val commandTimeout: Duration = 10.seconds,
    val maxInFlight: Int = 4096,
    val maxWaiting: Int = 65_536,
    val blockingConnectionsMax: Int = 64,
    val reconnectDelayMin: Duration = 10.milliseconds,
    val reconnectDelayMax: Duration = 2.seconds,
    val pingInterval: Duration = 30.seconds,
    val waitsForServer: Boolean = true,
) {
    init {
        checkAtLeast("maxInFlight", maxInFlight, 1)
        checkAtLeast("maxWaiting", maxWaiting, 0)
        checkAtLeast("blockingConnectionsMax", blockingConnectionsMax, 1)
        checkPositive("connectTimeout", connectTimeout)
        checkPositive("commandTimeout", commandTimeout)
        checkPositive("reconnectDelayMin", reconnectDelayMin)
        checkPositive("pingInterval", pingInterval)
        if (reconnectDelayMax < reconnectDelayMin) {
            throw ConfigException(
                "reconnectDelayMax",
                "reconnectDelayMax=$reconnectDelayMax is below reconnectDelayMin=$reconnectDelayMin",
            )
        }
    }

    private fun checkAtLeast(
        name: String,
        value: Int,
        min: Int,
    ) {
        if (value < min) throw ConfigException(name, "$name=$value must be at least $min")
    }

    private fun checkPositive(
        name: String,
        value: Duration,
    ) {
        if (!value.isPositive()) {
            throw ConfigException(name, "$name=$value must be positive; Duration.INFINITE is no limit")
        }
    }
}
