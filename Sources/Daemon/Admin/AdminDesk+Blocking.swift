import AdminProtocol
import Authentication
import Wire

/// Who gets in nowhere, and whose devices are whose.
extension AdminDesk {
    func block(_ account: AccountName, _ reason: String, _ answer: AdminAnswer) {
        let bytes = Array(reason.utf8)
        guard bytes.count <= AccountBlock.longestReason, PrintableText.isClean(bytes.span, newlines: false) else {
            return answer.refuse(
                .badParameter, "The reason must be one line of at most \(AccountBlock.longestReason) bytes.")
        }
        let journal = service.journal
        let writer = service.writer
        let block = AccountBlock(account: account, reason: reason, since: service.clocks.now().wall)
        withStore(answer) { store throws(StoreFailure) in
            let wasBlocked = try store.block(block)
            try writer.readBlocks(of: store)
            journal.notice("account blocked user=\"\(account)\" reason=\"\(reason)\"")
            return .blocked(Blocking(block: BlockedAccount(block), wasBlocked: wasBlocked))
        } then: { reply in
            self.service.grants.revoke { $0.key.account == account }
            // Those that began before the block are refused like those after it.
            if case .blocked = reply { self.service.endLogins(of: account, .blocked) }
            answer(reply)
        }
    }

    /// Works for an account that is no more, too.
    func unblock(_ account: AccountName, _ answer: AdminAnswer) {
        let journal = service.journal
        let writer = service.writer
        withStore(answer) { store throws(StoreFailure) in
            let wasBlocked = try store.unblock(account)
            try writer.readBlocks(of: store)
            if wasBlocked { journal.notice("account unblocked user=\"\(account)\"") }
            return .unblocked(Unblocking(account: account.text, wasBlocked: wasBlocked))
        }
    }

    /// Without `expected` changes nothing, and says what would be changed. With it the present uid must be that: whoever
    /// agreed to one uid has not agreed to another.
    func adopt(_ account: AccountName, _ uid: UInt32, expecting expected: UInt32?, _ answer: AdminAnswer) {
        guard expected == nil || expected == uid else {
            return answer.refuse(
                .badParameter, "\(account) has the uid \(uid) by now. Nothing was changed.",
                hint: "See: getent passwd \(account)")
        }
        let journal = service.journal
        withStore(answer) { store throws(StoreFailure) in
            let foreign = try store.devices(of: account).filter { $0.uid != uid }
            let former = Set(foreign.map(\.uid)).sorted()
            var count = foreign.count
            if expected != nil {
                count = try store.adopt(account, uid: uid)
                let uids = former.map(String.init).joined(separator: ",")
                if count > 0 {
                    journal.notice("devices adopted user=\"\(account)\" uid=\(uid) former=\(uids) devices=\(count)")
                }
            }
            return .adoption(
                Adoption(account: account.text, uid: uid, former: former, devices: count, isDone: expected != nil))
        } then: { reply in
            if expected != nil { self.service.grants.revoke { $0.key.account == account } }
            answer(reply)
        }
    }
}

extension BlockedAccount {
    /// A block as messages have it.
    init(_ block: AccountBlock) {
        self.init(account: block.account.text, reason: block.reason, since: block.since)
    }
}
