package dev.uring.message

import dev.uring.message.codec.Message

/**
 * What a server does, apart from where it listens: tofu's services.
 *
 * ### Threading and cancellation
 * All functions are called by one coroutine on the group's home.
 *
 * @sample samples.message.multiHomed
 */
public interface Services {
    /** The server listens at [listening] and is about to receive. */
    public suspend fun start(
        group: Group,
        listening: List<Listening>,
    ) {
        // Most services have nothing to prepare.
    }

    /** A message has come, which is the service's now. False ends the server. */
    public suspend fun onMessage(
        group: Group,
        message: Message,
    ): Boolean

    /** The server ends. Called once if [start] was, whatever the reason. */
    public suspend fun stop(group: Group) {
        // Most services have nothing to clean up.
    }
}

/**
 * Runs [services] for the peers that come to [addresses], TCP and Unix alike, until they say that it is enough or the
 * caller is cancelled: one group, one coroutine.
 *
 * ### Errors
 * As [Group.listen], and what [services] throw. The group is closed then too.
 */
public suspend fun MessageEngine.serve(
    services: Services,
    vararg addresses: String,
): Unit =
    group {
        val listening = addresses.map { listen(it) }
        try {
            services.start(this, listening)
            for (message in incoming) if (!services.onMessage(this, message)) break
        } finally {
            services.stop(this)
        }
    }
