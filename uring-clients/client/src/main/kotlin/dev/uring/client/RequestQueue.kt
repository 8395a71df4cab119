package dev.uring.client

/** Requests that wait, in order; linked through themselves, so that one that is cancelled leaves at once. */
internal class RequestQueue<R>(
    private val counters: ClientCounters,
) {
    private var first: Request<R>? = null
    private var last: Request<R>? = null

    var count = 0
        private set

    val isEmpty: Boolean get() = first == null

    fun peek(): Request<R>? = first

    fun add(request: Request<R>) {
        request.queue = this
        request.previous = last
        last?.next = request
        last = request
        if (first == null) first = request
        count++
        counters.waiting++
    }

    fun addFirst(request: Request<R>) {
        request.queue = this
        request.next = first
        first?.previous = request
        first = request
        if (last == null) last = request
        count++
        counters.waiting++
    }

    fun poll(): Request<R>? = first?.also(::remove)

    fun remove(request: Request<R>) {
        val previous = request.previous
        val next = request.next
        if (previous == null) first = next else previous.next = next
        if (next == null) last = previous else next.previous = previous
        request.previous = null
        request.next = null
        request.queue = null
        count--
        counters.waiting--
    }

    inline fun forEach(visit: (Request<R>) -> Unit) {
        var request = peek()
        while (request != null) {
            val following = request.next
            visit(request)
            request = following
        }
    }
}
