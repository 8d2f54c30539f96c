import { Environment } from '@disney-ai-plus/service/env.js';

export function readConfig(values) {
  const env = new Environment(values);
  const config = {
    ...env.service({ port: 3000 }),
    apiUrl: env.url('API_URL', ['http', 'https']),
    pageSeconds: env.integer('PAGE_CACHE_SECONDS', { min: 0, max: 3600, fallback: 1 }),
    storySeconds: env.integer('STORY_CACHE_SECONDS', { min: 0, max: 3600, fallback: 60 }),
    // Read here, at run time: what the pages themselves read from
    // process.env.NEXT_PUBLIC_* would be fixed when the image is built.
    supabase: {
      url: env.url('NEXT_PUBLIC_SUPABASE_URL', ['https', 'http']),
      anonKey: env.text('NEXT_PUBLIC_SUPABASE_ANON_KEY'),
    },
  };
  env.check();
  return { ...config, secrets: [config.supabase.anonKey] };
}
