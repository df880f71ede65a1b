import Authentication
package import Daemon

extension FlowDiagram {
    /// The flow that `configuration` makes: for logins of any service as it is where no rule matches, or for those
    /// through `service` as its rule has it, where that is one for all of them.
    package init(_ configuration: ActiveConfiguration, service: String? = nil) {
        let policy = configuration.policy
        // Rules for some logins of it alone change nothing of the picture: they are listed.
        let concerned = policy.rules.filter { rule in
            service.map { rule.match.services.isEmpty || rule.match.services.contains($0) } ?? true
        }
        let drawn = service == nil ? nil : concerned.first(where: FlowDiagram.isUnconditional)
        let listed = drawn.flatMap { concerned.firstIndex(of: $0) }.map { Array(concerned[...$0]) } ?? concerned
        let chains = drawn?.provider.map { chosen in policy.chains.filter { $0.provider == chosen } } ?? policy.chains

        title = service.map { "The login flow of the service \($0)" } ?? "The login flow"
        let menu = chains.filter { !$0.livesOnEvidence }.map(\.provider)
        entry = [
            Node(id: "user", kind: .terminal, lines: ["user"] + (service.map { ["service \($0)"] } ?? [])),
            Node(
                id: "select", kind: .choice,
                lines: ["select auth provider", FlowDiagram.selection(chains, menu: menu.count, drawn)]),
        ]
        lanes = chains.enumerated().map { index, chain in
            FlowDiagram.lane(chain, id: "p\(index + 1)", of: chains, menu, drawn, configuration)
        }
        end = Node(id: "granted", kind: .terminal, lines: ["granted"])
        legend = Legend(
            heading: FlowDiagram.heading(listed, drawn), rows: listed.map { Legend.Row($0) },
            notes: [FlowDiagram.limits(policy, service)])
    }

    /// Whether a rule is for all logins of its services.
    private static func isUnconditional(_ rule: Rule) -> Bool { rule.match == Match(services: rule.match.services) }

    private static func selection(_ chains: [ProviderChain], menu: Int, _ drawn: Rule?) -> String {
        if let drawn, drawn.provider != nil { return "named by the rule in line \(drawn.line)" }
        if chains.count == 1 { return "there is one" }
        return menu > 1
            ? "by number, unless PAM line or rule name one" : "unless PAM line or rule name one"
    }

    private static func heading(_ listed: [Rule], _ drawn: Rule?) -> String? {
        guard !listed.isEmpty else { return nil }
        let drawing = drawn.map { "drawn is the rule in line \($0.line)" } ?? "where none does, it is as drawn"
        return "Policy: the first rule that matches wins; \(drawing)."
    }

    private static func limits(_ policy: Policy, _ service: String?) -> String {
        // Any name and any time will do: rules that look at them are left out.
        let now = Moment(wall: 0, boottime: 0, boot: 0)
        var policy = policy
        policy.rules.removeAll { !isUnconditional($0) }
        guard let service, let anybody = AccountName("anybody"),
            let plan = try? policy.plan(for: LoginRequest(service: service, account: anybody), at: now)
        else { return "A module's step lasts \(policy.sessionLifetime / 1000) s at most." }
        let tries = plan.tries == 1 ? "1 try" : "\(plan.tries) tries"
        return "A module's step lasts \(plan.sessionLifetime / 1000) s at most and has \(tries)."
    }

    // MARK: Lanes

    private static func lane(
        _ chain: ProviderChain, id: String, of chains: [ProviderChain], _ menu: [ProviderID], _ drawn: Rule?,
        _ configuration: ActiveConfiguration
    ) -> Lane {
        var label: String?
        if chains.count > 1 {
            // What lives on evidence stands in no menu.
            let number = menu.firstIndex(of: chain.provider).map { String($0 + 1) } ?? "only if named"
            label = menu.count == 1 && !chain.livesOnEvidence ? "otherwise" : number
        }
        let provider = configuration.providers[chain.provider]
        var nodes = [
            Node(
                id: id, kind: .step,
                lines: [name(of: chain.provider, configuration), initialisation(provider, chain, drawn)])
        ]
        if let drawn, drawn.isExempt {
            nodes.append(
                Node(id: "\(id)m", kind: .step, lines: ["no modules", "exempt by the rule in line \(drawn.line)"]))
        } else {
            nodes += (drawn?.steps ?? chain.steps).enumerated().map { index, step in
                let node = FlowDiagram.step(step, id: "\(id)m\(index + 1)", drawn, configuration)
                return index == 0 && drawn?.countsSecurityKey == true ? FlowDiagram.withSecurityKey(node) : node
            }
        }
        nodes.append(Node(id: "\(id)c", kind: .step, lines: credentials(provider, chain)))
        return Lane(label: label, nodes: nodes)
    }

    private static func name(of id: ProviderID, _ configuration: ActiveConfiguration) -> String {
        configuration.names[id.description].map { "\($0) (\(id))" } ?? id.description
    }

    private static func initialisation(
        _ provider: (any AuthProvider)?, _ chain: ProviderChain, _ drawn: Rule?
    ) -> String {
        guard !chain.livesOnEvidence else {
            let isWaived = drawn?.isFirstFactorWaived == true
            return isWaived
                ? "LoginFlow.init: asks nothing and needs no evidence"
                : "LoginFlow.init: asks nothing, needs evidence"
        }
        let together = drawn?.single == nil ? "" : ", the code right behind it"
        return "LoginFlow.init: \(asks(provider?.inputSchema))\(together)"
    }

    private static func asks(_ schema: InputSchema?) -> String {
        let labels = (schema?.fields ?? []).map(\.label)
        return labels.isEmpty ? "asks nothing" : "asks \(labels.joined(separator: ", "))"
    }

    private static func step(
        _ step: Step, id: String, _ drawn: Rule?, _ configuration: ActiveConfiguration
    ) -> Node {
        func node(_ module: ModuleID, _ id: String) -> Node {
            let found = configuration.modules[module]
            let asked =
                drawn?.single == nil
                ? drawn?.prompt.map { "asks \($0)" } ?? asks(found?.inputSchema) : "asks nothing more"
            var lines = ["auth_module: \(module)", asked]
            if found?.isInsecure == true { lines.append("for demonstrations alone") }
            return Node(id: id, kind: .step, lines: lines)
        }
        guard step.alternatives.count > 1 else {
            return step.alternatives.first.map { node($0, id) } ?? Node(id: id, kind: .step, lines: [])
        }
        let alternatives = step.alternatives.enumerated().map { node($1, "\(id)a\($0 + 1)") }
        return Node(id: id, kind: .step, lines: ["any one of"], alternatives: alternatives)
    }

    private static func withSecurityKey(_ node: Node) -> Node {
        Node(
            id: node.id, kind: node.kind, lines: node.lines + ["or a security key of ssh, if sshd is strict"],
            alternatives: node.alternatives)
    }

    private static func credentials(_ provider: (any AuthProvider)?, _ chain: ProviderChain) -> [String] {
        if chain.speaksOfAccounts { return ["get or create credentials", "the account's own"] }
        return provider?.createsCredentials == true
            ? ["get or create credentials", "created for ordinary accounts of the same name"]
            : ["get credentials", "made by: twostep credentials link"]
    }
}
