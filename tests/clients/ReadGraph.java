// Print as a line of JSON for each file the graph that Gephi's importers make of it, and their report.
import java.awt.Color;
import java.io.File;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.gephi.graph.api.Column;
import org.gephi.graph.api.Edge;
import org.gephi.graph.api.Element;
import org.gephi.graph.api.Graph;
import org.gephi.graph.api.GraphController;
import org.gephi.graph.api.Node;
import org.gephi.graph.api.Table;
import org.gephi.io.importer.api.Container;
import org.gephi.io.importer.api.ImportController;
import org.gephi.io.importer.api.Report;
import org.gephi.io.processor.plugin.DefaultProcessor;
import org.gephi.project.api.ProjectController;
import org.openide.util.Lookup;

public class ReadGraph {
  public static void main(String[] files) {
    int status = 1; // Gephi's threads go on after an exception
    try {
      for (String file : files) System.out.println(json(read(new File(file))));
      status = 0;
    } catch (Exception error) {
      error.printStackTrace();
    }
    System.exit(status);
  }

  static Map<String, Object> read(File file) throws Exception {
    ProjectController projects = Lookup.getDefault().lookup(ProjectController.class);
    projects.newProject();
    ImportController importer = Lookup.getDefault().lookup(ImportController.class);
    Container container = importer.importFile(file);
    container.verify(); // as the window of Gephi does before it shows its report
    container.getLoader().setAutoScale(false);
    List<String> issues = new ArrayList<>(issues(container.getReport()));
    DefaultProcessor processor = new DefaultProcessor();
    importer.process(container, processor, null);
    issues.addAll(issues(processor.getReport()));
    GraphController graphs = Lookup.getDefault().lookup(GraphController.class);
    Graph graph = graphs.getGraphModel(projects.getCurrentWorkspace()).getGraph();
    return describe(graph, issues);
  }

  static Map<String, Object> describe(Graph graph, List<String> issues) {
    List<Object> nodes = new ArrayList<>();
    for (Node node : graph.getNodes().toArray()) {
      Map<String, Object> told = values(node, node.getColor());
      told.put("place", List.of(node.x(), node.y(), node.z()));
      told.put("size", node.size());
      nodes.add(told);
    }
    List<Object> edges = new ArrayList<>();
    for (Edge edge : graph.getEdges().toArray()) {
      Map<String, Object> told = values(edge, edge.getColor());
      told.put("ends", List.of(edge.getSource().getId(), edge.getTarget().getId()));
      told.put("directed", edge.isDirected());
      edges.add(told);
    }
    return Map.of(
        "issues", issues,
        "node_types", types(graph.getModel().getNodeTable()),
        "edge_types", types(graph.getModel().getEdgeTable()),
        "nodes", nodes,
        "edges", edges);
  }

  static List<String> issues(Report report) {
    List<String> found = new ArrayList<>();
    report.getIssues(1000).forEachRemaining(i -> found.add(i.getLevel() + ": " + i.getMessage()));
    return found;
  }

  static Map<String, Object> types(Table table) {
    Map<String, Object> found = new LinkedHashMap<>();
    for (Column column : table) found.put(column.getTitle(), column.getTypeClass().getSimpleName());
    return found;
  }

  static Map<String, Object> values(Element element, Color color) {
    Map<String, Object> told = new LinkedHashMap<>();
    for (Column column : element.getTable()) {
      Object value = element.getAttribute(column);
      if (value != null) told.put(column.getTitle(), value);
    }
    told.put(
        "rgba", List.of(color.getRed(), color.getGreen(), color.getBlue(), color.getAlpha()));
    return told;
  }

  static String json(Object value) {
    List<String> parts = new ArrayList<>();
    if (value instanceof Map) {
      ((Map<?, ?>) value).forEach((key, inner) -> parts.add(json(key) + ": " + json(inner)));
      return "{" + String.join(", ", parts) + "}";
    }
    if (value instanceof List) {
      for (Object inner : (List<?>) value) parts.add(json(inner));
      return "[" + String.join(", ", parts) + "]";
    }
    if (value instanceof Boolean || value instanceof Number) return value.toString();
    StringBuilder text = new StringBuilder("\"");
    for (char c : String.valueOf(value).toCharArray())
      text.append(c < ' ' || c > '~' || c == '"' || c == '\\' ? String.format("\\u%04x", (int) c) : c);
    return text.append('"').toString();
  }
}
