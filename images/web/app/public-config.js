import { services } from './services.js';

// The browser's half of the configuration, as it is when the page is rendered.
export function PublicConfig() {
  const { url, anonKey } = services().supabase;
  const json = JSON.stringify({ supabaseUrl: url, supabaseAnonKey: anonKey }).replaceAll('<', '\\u003c');
  return <script id="public-config" type="application/json" dangerouslySetInnerHTML={{ __html: json }} />;
}
