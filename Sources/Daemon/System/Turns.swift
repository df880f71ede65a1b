import NIOCore

/// Work that waits: each payer's in its own order, and of the payers one after the other, however much one of them has.
struct Turns<Payer: Hashable, Work> {
    private var waiting: [Payer: CircularBuffer<Work>] = [:]
    /// Those who have something that waits, the next one first.
    private var order: [Payer] = []
    /// How much waits in all.
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ work: Work, of payer: Payer) {
        if waiting[payer] == nil { order.append(payer) }
        waiting[payer, default: CircularBuffer(initialCapacity: 1)].append(work)
        count += 1
    }

    /// Whether anything waits of a payer who may have it done now.
    func hasNext(where mayBegin: (Payer) -> Bool) -> Bool { order.contains(where: mayBegin) }

    /// Takes out the next that is to be done: the first of those payers who may have something done now. Then it is the others' turn.
    mutating func next(where mayBegin: (Payer) -> Bool) -> (payer: Payer, work: Work)? {
        guard let index = order.firstIndex(where: mayBegin) else { return nil }
        let payer = order.remove(at: index)
        guard let work = waiting[payer]?.popFirst() else { return nil }
        count -= 1
        if waiting[payer]?.isEmpty == true { waiting[payer] = nil } else { order.append(payer) }
        return (payer, work)
    }

    mutating func removeAll() { self = Turns() }
}
