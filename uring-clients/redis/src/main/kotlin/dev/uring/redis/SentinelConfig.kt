package dev.uring.redis

import dev.uring.base.ConfigException
import dev.uring.tls.TlsClientOptions
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/**
 * Whom to ask where a master is.
 *
 * A client follows the master: a sentinel's `+switch-master` ends its connections, and each new one asks the sentinels and
 * then the server itself (`ROLE`) whether it is the master. What was sent and not answered when the master was lost fails
 * with [RedisConnectionException.wasSent] (or is repeated, see [ReplayRule]); what the old master had acknowledged and not
 * yet copied is lost with it, unless WAIT or `min-replicas-to-write` holds it up.
 *
 * @property masterName what the sentinels call the master
 * @property addresses where some sentinels are, each `host:port`; one that answers is enough, others are learned from it
 * @property username for the sentinels' own ACL; null is their default user
 * @property password for the sentinels; null sends none
 * @property tls how TLS is spoken with the sentinels; null speaks none
 * @property answerTimeout for the answer of one sentinel. Default 1 s: then the next one is asked
 * @sample samples.redis.watchedMaster
 */
public data class SentinelConfig(
    val masterName: String,
    val addresses: List<String>,
    val username: String? = null,
    val password: String? = null,
    val tls: TlsClientOptions? = null,
    val answerTimeout: Duration = 1.seconds,
) {
    init {
        if (masterName.isBlank()) {
            throw ConfigException(
                "masterName",
                "masterName is empty: SENTINEL MASTERS lists the names",
            )
        }
        if (addresses.isEmpty()) {
            throw ConfigException("addresses", "addresses is empty: name at least one sentinel as host:port")
        }
        if (!answerTimeout.isPositive()) {
            throw ConfigException("answerTimeout", "answerTimeout=$answerTimeout must be positive")
        }
    }

    override fun toString(): String = "master '$masterName' of the sentinels $addresses"
}
