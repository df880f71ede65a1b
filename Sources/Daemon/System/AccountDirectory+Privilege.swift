import Authentication

extension AccountDirectory {
    /// Whether an account is the system's own (uid below 1000) or can become root by its groups; nil if that cannot be
    /// told.
    func isPrivileged(_ account: AccountName, _ facts: AccountFacts) -> Bool? {
        guard facts.uid >= 1000 else { return true }
        let answers = ["adm", "sudo", "wheel"].map { isMember(account, gid: facts.gid, of: $0) }
        return answers.contains(true) ? true : answers.contains(nil) ? nil : false
    }
}
