package dev.uring.samples

import dev.uring.dsl.uring
import dev.uring.message.engine
import dev.uring.message.group
import dev.uring.message.listen
import samples.message.echo

/** Answers each request with what it carries, to peers of uring-message and of tofu alike. */
suspend fun main(args: Array<String>) =
    uring {
        val (host, port) = (args.firstOrNull() ?: "127.0.0.1:7099").split(':')
        engine { group { echo(listen("tcp|$host|$port")) { println("listening on port ${it.address.port()}") } } }
    }
