/**
 * @file Chat templates that have a name: the forms in which families of models write conversations, and the marks that should be tokens of
 * their own for them. A system message that a form has no place for stands before the first question.
 */

export interface BuiltInTemplate {
  readonly source: string;
  /** What should be special tokens. */
  readonly marks: readonly string[];
}

/** Qwen, SmolLM, Yi and many others; from OpenAI's Chat Markup Language. */
const CHATML: BuiltInTemplate = {
  marks: ["<|im_start|>", "<|im_end|>"],
  source: `{%- for message in messages %}
    {{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
`,
};

/** Llama 3. */
const LLAMA3: BuiltInTemplate = {
  marks: ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
  source: `{{- bos_token or '' }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' }}
    {{- message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
`,
};

/** What moves a system message before the first question. */
const SYSTEM_FIRST = `{%- if messages[0]['role'] == 'system' %}
    {%- set system = messages[0]['content'] | trim + '\\n\\n' %}
    {%- set rest = messages[1:] %}
{%- else %}
    {%- set system = '' %}
    {%- set rest = messages %}
{%- endif %}
`;

/** Gemma, whose assistant is called model. */
const GEMMA: BuiltInTemplate = {
  marks: ["<start_of_turn>", "<end_of_turn>"],
  source: `{{- bos_token or '' }}
${SYSTEM_FIRST}{%- for message in rest %}
    {%- set role = 'model' if message['role'] == 'assistant' else message['role'] %}
    {{- '<start_of_turn>' + role + '\\n' + (system if loop.first else '') }}
    {{- message['content'] | trim + '<end_of_turn>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<start_of_turn>model\\n' }}
{%- endif %}
`,
};

/** Mistral's first instruct models: marks in text, and the end of text after an answer. */
const MISTRAL: BuiltInTemplate = {
  marks: [],
  source: `{{- bos_token or '' }}
${SYSTEM_FIRST}{%- for message in rest %}
    {%- if message['role'] == 'assistant' %}
        {{- ' ' + message['content'] | trim + eos_token }}
    {%- else %}
        {{- '[INST] ' + (system if loop.first else '') + message['content'] | trim + ' [/INST]' }}
    {%- endif %}
{%- endfor %}
`,
};

/** Zephyr and TinyLlama: marks in text, and the end of text after every message. */
const ZEPHYR: BuiltInTemplate = {
  marks: [],
  source: `{%- for message in messages %}
    {{- '<|' + message['role'] + '|>\\n' + message['content'] + eos_token + '\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|assistant|>\\n' }}
{%- endif %}
`,
};

/** Stanford's Alpaca: headings, and the end of text after an answer. Its preamble is a system message. */
const ALPACA: BuiltInTemplate = {
  marks: [],
  source: `{%- if messages[0]['role'] == 'system' %}
    {{- messages[0]['content'] | trim + '\\n\\n' }}
    {%- set rest = messages[1:] %}
{%- else %}
    {{- 'Below is an instruction that describes a task. Write a response that appropriately completes the request.\\n\\n' }}
    {%- set rest = messages %}
{%- endif %}
{%- for message in rest %}
    {%- if message['role'] == 'assistant' %}
        {{- '### Response:\\n' + message['content'] | trim + eos_token + '\\n\\n' }}
    {%- else %}
        {{- '### Instruction:\\n' + message['content'] | trim + '\\n\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '### Response:\\n' }}
{%- endif %}
`,
};

/** Roles in words, and the end of text after an answer. */
const PLAIN: BuiltInTemplate = {
  marks: [],
  source: `{%- for message in messages %}
    {{- message['role'] + ':\\n' + message['content'] }}
    {{- eos_token if message['role'] == 'assistant' }}
    {{- '\\n\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- 'assistant:\\n' }}
{%- endif %}
`,
};

/** The templates that have a name here. */
export const BUILT_IN_TEMPLATES: Readonly<Record<string, BuiltInTemplate>> = {
  chatml: CHATML,
  llama3: LLAMA3,
  gemma: GEMMA,
  mistral: MISTRAL,
  zephyr: ZEPHYR,
  alpaca: ALPACA,
  plain: PLAIN,
};
