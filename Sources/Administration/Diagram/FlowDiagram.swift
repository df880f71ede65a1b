/// The flow of logins as a picture: what follows what, and what the policy changes. Renderers lay it out and add
/// nothing.
package struct FlowDiagram: Equatable, Sendable {
    /// What stands above the picture.
    let title: String
    /// What every login goes through first, in this order.
    let entry: [Node]
    /// What follows it, a lane a provider.
    let lanes: [Lane]
    /// Where every lane leads.
    let end: Node
    /// What stands below the picture.
    let legend: Legend

    /// A box.
    struct Node: Equatable, Sendable {
        enum Kind: Equatable, Sendable {
            /// Where a login begins or ends.
            case terminal
            /// Where one way of several is taken.
            case choice
            /// Something is done, or asked for.
            case step
        }

        /// The same for the same place of any configuration: ASCII letters and digits.
        let id: String
        let kind: Kind
        /// What it is called, and then what there is to say of it.
        let lines: [String]
        /// Of which any one will do; empty for an ordinary box.
        var alternatives: [Node] = []
    }

    /// One provider's way.
    struct Lane: Equatable, Sendable {
        /// How it is taken; nil if it is the only one.
        let label: String?
        /// At least one.
        let nodes: [Node]
    }

    /// An arrow.
    struct Edge: Equatable, Sendable {
        let from: String
        let to: String
        let label: String?
    }

    /// All arrows, in the order in which a login meets them.
    var edges: [Edge] {
        var edges = FlowDiagram.chain(entry)
        for lane in lanes {
            guard let first = lane.nodes.first else { continue }
            if let last = entry.last { edges.append(Edge(from: last.id, to: first.id, label: lane.label)) }
            edges += FlowDiagram.chain(lane.nodes + [end])
        }
        return edges
    }

    private static func chain(_ nodes: [Node]) -> [Edge] {
        zip(nodes, nodes.dropFirst()).map { Edge(from: $0.id, to: $1.id, label: nil) }
    }
}
